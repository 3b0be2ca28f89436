"""Catalogue of boards, sensors and actuators as data, and checks of set-ups."""
