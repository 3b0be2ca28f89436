"""Views of data: tables for people, JSON for programs."""
