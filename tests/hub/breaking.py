"""What fails as nobody foresaw it."""


def broken(*_, **__):
    raise KeyError("planted")
