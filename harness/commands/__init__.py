"""The commands of the command line, one a module, imported when it is called."""
