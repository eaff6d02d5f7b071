"""What each verb of the command line takes and does. Imports stand inside the verbs, so that each waits only for what
it needs (torch: 2 s).
"""
