"""The list of resources at /.well-known/core (RFC 6690)."""


def write(own: str, sensors: "list[str]", actuators: "list[str]", query: "list[str]") -> bytes:
    """Links to the resources of the peer with that id, those that all parts of a query match (RFC
    6690 s.4.1).
    """
    entries = [("peer", 'peer";ep="' + own + '"'), ("peers", 'peers"'), ("time", 'time"')]
    entries += [("feeds", 'feeds";obs'), ("sensors", 'sensors"')]
    entries += [("sensors/" + name, 'sensor";obs;ct="110 112"') for name in sensors]
    entries.append(("actuators", 'actuators"'))
    entries += [("actuators/" + name, 'actuator"') for name in actuators]
    links = []
    for path, attributes in entries:
        full = 'rt="othermesh.' + attributes
        if False not in [_matches(path, full, part) for part in query]:
            links.append("</" + path + ">;" + full)
    return ",".join(links).encode()


def _matches(path: str, attributes: str, query: str) -> bool:
    key, _, wanted = query.partition("=")
    if key == "href":
        value = "/" + path
    else:
        at = (";" + attributes).find(";" + key + '="')
        if at < 0:
            return False
        value = attributes[at + len(key) + 2 :].split('"', 1)[0]
    if wanted.endswith("*"):
        return any(part.startswith(wanted[:-1]) for part in [value] + value.split(" "))
    return wanted == value or wanted in value.split(" ")
