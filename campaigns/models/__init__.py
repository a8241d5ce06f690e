from campaigns.models.audience import ContactScore, GuideForm, HandOffRule, ScoreRule, Suppression
from campaigns.models.letter import Letter, TrackedLink
from campaigns.models.segment import Segment, SegmentMembership
from campaigns.models.sequence import Enrolment, Sequence, Step, StepRun

__all__ = [
    "ContactScore",
    "Enrolment",
    "GuideForm",
    "HandOffRule",
    "Letter",
    "ScoreRule",
    "Segment",
    "SegmentMembership",
    "Sequence",
    "Step",
    "StepRun",
    "Suppression",
    "TrackedLink",
]
