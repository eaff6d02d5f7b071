"""Every regenerated number against the published one."""
