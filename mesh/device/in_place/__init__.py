"""Code that runs from flash, where flash is memory."""
