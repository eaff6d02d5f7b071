"""Every statistical formula; no other room has one."""
