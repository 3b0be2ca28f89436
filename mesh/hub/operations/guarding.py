"""What is held of peers' keys, as rows: to what they committed, who goes on for them, and which
claims wait for a guardian's yes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from mesh.core import peer_id as ids
from mesh.core.relations.mark import NO, YES
from mesh.core.relations.succession import Claim
from mesh.hub.failure import SETUP, USAGE, Failure, NotFound
from mesh.hub.home import next_key
from mesh.hub.home.home import Home
from mesh.hub.operations import comparing, relating
from mesh.hub.store import schema
from mesh.hub.store.keyed import Keyed, keyed
from mesh.hub.store.queries import Queries

Row = dict[str, Any]
GOES_ON, OPEN, DISPUTED = "goes on", "open", "disputed"


class Keyring(NamedTuple):
    """What is held, who looks at it, and the names of peers. `store`: open."""

    found: Keyed
    me: bytes
    label: Callable[[bytes], str]
    store: Queries

    def row(self, peer: bytes) -> Row:
        """To what a peer committed, and who goes on for it."""
        successions = self.found.successions
        said = successions.commitments(peer)
        following, guardians, need = said[0] if said else (None, (), 0)
        line = successions.line(peer)
        now = line[-1]
        return {
            "id": ids.to_text(peer),
            "peer": self.label(peer),
            "next": following.hex() if following else None,
            "committed": self._committed(peer, said[0]) if said else None,
            "guardians": [self.label(one) for one in guardians],
            "need": need,
            "contradicted": self._committed(peer, said[1]) if len(said) > 1 else None,
            "line": [ids.to_text(one) for one in line],
            "former": [self.label(one) for one in line[: line.index(peer)]],
            "now": self.label(now) if now != peer else None,
            "now_id": ids.to_text(now),
            "end": successions.end(peer),
            "since": self.found.since(successions.successor(peer) or peer) / 1000 or None
            if now != peer
            else None,
            "claims": [self.claim_row(one) for one in successions.claims(peer)],
        }

    def _committed(self, peer: bytes, said: object) -> int:
        """The first entry that says so."""
        return min(
            one.seq for one in self.found.said if one.author == peer and one.key.commitment == said
        )

    def claim_row(self, claim: Claim) -> Row:
        """A claim to go on for a peer, and what it lacks."""
        successions = self.found.successions
        spoke, need = successions.voices(claim)
        rivals = successions.rivals(claim.old)
        chosen = successions.chosen(claim.old)
        state = DISPUTED if claim.new in rivals else OPEN
        if chosen is not None and chosen.ref == claim.ref:
            state = GOES_ON
        link = comparing.link_at(self.store, claim.old, claim.seq)
        return {
            "id": ids.to_text(claim.new),
            "peer": self.label(claim.new),
            "for": self.label(claim.old),
            "ref": ids.to_text(claim.ref),
            "end": claim.seq,
            "state": state,
            "by": "next key" if successions.is_next(claim) else "guardians",
            "yes": [self.label(one) for one in spoke],
            "need": need,
            # whether it means the history that is held here; None if that entry is not
            "fits": None if link is None else link == claim.link,
        }

    def asked(self) -> list[Row]:
        """The claims that wait for our yes, as we are a guardian."""
        successions = self.found.successions
        olds = {one.key.old[0] for one in self.found.said if one.key.old is not None}
        claims = [claim for old in sorted(olds) for claim in successions.claims(old)]
        waiting = [one for one in claims if self.guards(one) and not self._did(one)]
        return [self.claim_row(one) for one in waiting]

    def _did(self, claim: Claim) -> bool:
        """Whether it counts, or our word is there already."""
        chosen = self.found.successions.chosen(claim.old)
        said = self.found.successions.said(claim.ref, YES)
        return (chosen is not None and chosen.ref == claim.ref) or self.me in said

    def guards(self, claim: Claim) -> bool:
        """Whether we are a guardian of whom a claim is about, or go on for one."""
        said = self.found.successions.commitment(claim.old, claim.seq)
        seats = self.found.successions.line(self.me)
        return said is not None and any(one in said[1] for one in seats)

    def meant(self, peer: bytes) -> Claim:
        """The one claim that is meant by who makes it, or whom it is about. Failure."""
        successions = self.found.successions
        about = successions.claims(peer)
        olds = {one.key.old[0] for one in self.found.said if one.author == peer and one.key.old}
        found = about + [one for old in olds for one in successions.claims(old) if one.new == peer]
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(ids.short(one.new) for one in found)
            what = f"{len(found)} say that they go on for {self.label(peer)}: {listed}"
            raise NotFound(what, "ask the person whose it is, and name one by its id")
        what = f"nobody says to go on for {self.label(peer)}, as far as is held here"
        raise NotFound(what, "it has to be up once, so that `mesh up` takes its feed")

    def check_word(self, claim: Claim, word: int) -> None:
        """Failure if our word about a claim counts for nothing, or was said already."""
        said = self.found.successions.said(claim.ref, word)
        if self.me in said:
            raise Failure("we said so already", "nothing was said", USAGE)
        if word == NO and self.me == claim.old:
            return
        if not self.guards(claim):
            what = f"we are no guardian of {self.label(claim.old)}"
            raise Failure(what, "nothing was said; `mesh key show PEER` tells who is", USAGE)
        fits = self.claim_row(claim)["fits"]
        if word == YES and fits is False:
            what = f"it names another entry {claim.seq} of {self.label(claim.old)} than is held"
            raise Failure(what, "nothing was said: ask which history it means", USAGE)


def keyring(home: Path | None) -> Keyring:
    """What a home's store holds of keys, for its peer. Failure. The caller closes `store`."""
    folder = Home(home)
    me = folder.peer_id()
    if me is None:
        raise Failure("this peer has no identity yet", "`mesh id` makes one", SETUP)
    store = Queries(folder.path / schema.NAME)
    return Keyring(keyed(store), me, relating.labels(home), store)


class Prepared(NamedTuple):
    """A commitment to be written, and where its key is."""

    commitment: tuple[bytes, tuple[bytes, ...], int]
    path: Path
    again: bool


def prepare(ring: Keyring, file: Path | None, guardians: list[bytes], need: int) -> Prepared:
    """Make our next key if there is none, for the commitment to be written. Failure, and nothing
    is made, if our feed committed to something else before.
    """
    home = Home(ring.store.path.parent)
    path = next_key.place(home, file)
    if ring.me in guardians:
        raise Failure("we cannot be our own guardian", "nothing was done", USAGE)
    said = ring.found.successions.commitments(ring.me)
    public = next_key.public_of(path)
    if said:
        following, there, _ = said[0]
        wanted = tuple(sorted(guardians))
        if len(said) > 1:
            seq = ring.row(ring.me)["contradicted"]
            what = f"entry {seq} of our feed commits to another key: somebody else wrote it"
            raise Failure(what, f"`mesh key stolen --from {seq}`", USAGE)
        if following is not None and (public is None or next_key.commitment(public) != following):
            what = f"our feed committed to a next key that is not at {path}"
            raise Failure(what, "name its file: --file FILE; nothing was done", SETUP)
        if guardians and (wanted, need) != (there, said[0][2]):
            what = "our feed has a commitment, and one with other guardians would contradict it"
            raise Failure(what, CHANGED, USAGE)
        assert following is not None  # noqa: S101 - our commands always commit to a key
        return Prepared(said[0], path, True)  # type: ignore[arg-type]
    public = public or next_key.make(path)
    commitment = next_key.commitment(public), tuple(sorted(guardians)), need
    return Prepared(commitment, path, False)


CHANGED = (
    "nothing was done: a thief with our key could do the same. Guardians change with the key: "
    "`mesh key succeed --guard PEER`"
)
