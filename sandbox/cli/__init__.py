"""The command line: the roof of the project.

Owns arguments, messages and exit codes. It may import everything; nothing below imports it.
"""
