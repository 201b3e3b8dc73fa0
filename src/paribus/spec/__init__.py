"""What is asked: studies with base, variants, claims and decision rule. Files in, values and digests out."""

from paribus.spec.augmentation import Augmentation
from paribus.spec.claim import Claim, Link, parse_claim
from paribus.spec.data import Data
from paribus.spec.decision import Decision
from paribus.spec.identity import RECIPE, canonical, declaration, run_key, run_keys, study_digest
from paribus.spec.net import Block, Net, ResolvedBlock
from paribus.spec.own_net import AnyNet, OwnNet, net_model
from paribus.spec.protocol import Precision, Protocol
from paribus.spec.reading import builtin_names, data_with, locate, parse_override
from paribus.spec.sources import Source
from paribus.spec.study import Configuration, Study
from paribus.spec.variants import effects

__all__ = [
    "RECIPE",
    "AnyNet",
    "Augmentation",
    "Block",
    "Claim",
    "Configuration",
    "Data",
    "Decision",
    "Link",
    "Net",
    "OwnNet",
    "Precision",
    "Protocol",
    "ResolvedBlock",
    "Source",
    "Study",
    "builtin_names",
    "canonical",
    "data_with",
    "declaration",
    "effects",
    "locate",
    "net_model",
    "parse_claim",
    "parse_override",
    "run_key",
    "run_keys",
    "study_digest",
]
