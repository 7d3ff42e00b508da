"""The commands: read the command line, call the rooms below, print. One file a command."""
