"""The apps of a route: one file each, one line each here."""

from belplan.apps.announce import Announce
from belplan.apps.collect import Collect
from belplan.apps.condition import Condition
from belplan.apps.connect import Connect
from belplan.apps.dial_outside import DialOutside
from belplan.apps.diversion import Diversion
from belplan.apps.email import Email
from belplan.apps.goto import Goto
from belplan.apps.hangup import Hangup
from belplan.apps.listen import Listen
from belplan.apps.log_agent import LogAgent
from belplan.apps.menu import Menu
from belplan.apps.pick_up import PickUp
from belplan.apps.prefix import Prefix
from belplan.apps.queue import Queue
from belplan.apps.record import Record
from belplan.apps.same_colleague import SameColleague
from belplan.apps.set import Set
from belplan.apps.switch import Switch
from belplan.apps.switch_diversion import SwitchDiversion
from belplan.apps.time import Time
from belplan.apps.voicemail import Voicemail
from belplan.apps.webhook import Webhook
from belplan.dialplan.route import Item, Registry, Route
from belplan.engine.entrance import Feature
from belplan.engine.position import Frame

APPS = Registry().add(
    Webhook,
    Condition,
    Switch,
    Set,
    Time,
    Diversion,
    Announce,
    Record,
    Menu,
    Collect,
    Connect,
    Queue,
    Voicemail,
    SameColleague,
    Email,
    Prefix,
    Goto,
    Hangup,
)

FEATURES = Registry().add(SwitchDiversion, DialOutside, LogAgent, Listen, PickUp)
"""What only the company's own phones do. They stand in no plan."""


def feature_route(feature: Feature) -> list[Frame]:
    """What a phone has dialled, as a route of its own."""
    match feature.kind:
        case "diversion":
            app = SwitchDiversion(diversion=feature.name)
        case "outside":
            app = DialOutside(number=feature.name)
        case "agent":
            app = LogAgent(queue=feature.name)
        case "listen":
            app = Listen()
        case "voicemail":
            app = Voicemail(box=feature.name)
        case "pick_up":
            app = PickUp(number=feature.name)
    return [Frame("features", Route((Item(app),)))]
