"""Kinds of actuators, found by file name.

Each has OPTIONS (as core.settings.check reads it) and class Actuator: Actuator(name, options)
raises OSError or ValueError; `value` is its state; apply(value) raises LocalError.
"""
