"""Presentation: values, text and times for people; shapes as SVG."""
