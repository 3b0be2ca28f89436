"""Signed requests and answers: COSE, replay windows, admission, the sender's counter."""
