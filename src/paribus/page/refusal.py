"""Requests that are not answered as asked: why, and what to do, in words."""


class RefusedError(Exception):
    """A request is refused.

    Args:
        status: HTTP status.
        what: What is wrong, one sentence.
        mend: What to do about it, one sentence.
    """

    def __init__(self, status: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.mend = mend
