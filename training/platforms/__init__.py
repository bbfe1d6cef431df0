"""One module for each platform that comes with the project; each declares a `PLATFORM` (see `sources/platform.py`).

Owns what differs between platforms: how their people are made and worded, their prompts, the forms of their tasks. It
must not know of stages or of single sources.
"""
