"""`mesh demo`: a desktop and three boards on this machine, checked by what is observed."""
