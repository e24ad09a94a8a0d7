"""Voicemail: a message is left, kept, mailed, listened to.

A message is never lost. Who is about to speak is written down first (a draft); the exchange writes the sound
while it is spoken; what comes of it is decided by `Boxes.settle`, which nobody has to wait for. So a call that
ends, or an engine that dies, leaves a draft and a sound, and they become a message all the same, once.
"""
