"""A desktop's own sensors and actuators."""
