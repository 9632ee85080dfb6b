"""Telling people about problems: one message a run to every channel, and silence while nothing has changed.

=========== =================================================================================
module      holds
=========== =================================================================================
``digest``  problems as one message
``webhook`` a chat channel, by its address for incoming messages
``mail``    e-mail, by any SMTP server
``state``   what each receiver was last told
``telling`` who has to be told what, and the test of every channel
=========== =================================================================================
"""

from revalign_udf.alerts.digest import Notice, digest
from revalign_udf.alerts.mail import Mail
from revalign_udf.alerts.state import STATE_FILE
from revalign_udf.alerts.telling import Channel, channels_of, tell, try_channels
from revalign_udf.alerts.webhook import Webhook, send_webhook

__all__ = [
    "STATE_FILE",
    "Channel",
    "Mail",
    "Notice",
    "Webhook",
    "channels_of",
    "digest",
    "send_webhook",
    "tell",
    "try_channels",
]
