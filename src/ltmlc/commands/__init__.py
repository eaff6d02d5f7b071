"""What each verb takes and does. Imports stand inside the verbs: each waits only for what it needs."""
