"""What is asked: studies with base, variants, claims and decision rule. Files in, values and digests out."""

from paribus.spec.augmentation import Augmentation
from paribus.spec.claim import Claim, Link, parse_claim
from paribus.spec.data import Data
from paribus.spec.decision import Decision
from paribus.spec.identity import RECIPE, canonical, declaration, run_key, run_keys, study_digest
from paribus.spec.net import Block, Net, ResolvedBlock
from paribus.spec.protocol import Precision, Protocol
from paribus.spec.reading import builtin_names, locate, parse_override
from paribus.spec.study import Configuration, Study
from paribus.spec.variants import effects

__all__ = [
    "RECIPE",
    "Augmentation",
    "Block",
    "Claim",
    "Configuration",
    "Data",
    "Decision",
    "Link",
    "Net",
    "Precision",
    "Protocol",
    "ResolvedBlock",
    "Study",
    "builtin_names",
    "canonical",
    "declaration",
    "effects",
    "locate",
    "parse_claim",
    "parse_override",
    "run_key",
    "run_keys",
    "study_digest",
]
