"""The development mailbox: a real SMTP server that keeps every letter instead of passing it on."""

import asyncio
import mailbox
import signal
import sys

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP


class Keeper(Mailbox):
    """Keeps each letter in a Maildir, with the envelope in its head."""

    def prepare_message(self, session, envelope):
        message = super().prepare_message(session, envelope)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        return message


async def _serve(folder, port):
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    loop.add_signal_handler(signal.SIGTERM, over.set_result, None)
    keeper = Keeper(folder, mailbox.MaildirMessage)
    server = await loop.create_server(
        lambda: SMTP(keeper, enable_SMTPUTF8=True, data_size_limit=60_000_000), "127.0.0.1", port
    )
    async with server:
        await over


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))
