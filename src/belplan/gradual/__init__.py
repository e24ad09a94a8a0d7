"""From a draft to all callers by degrees: first as a shadow of the live version, then for some of the callers.

`shadows` walks calls that have ended through a draft too. `rollouts` lets a share of the callers have a version, and
takes it back when `rule` says that it fails more.
"""
