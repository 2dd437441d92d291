"""E-mail through the venue's mail server (SMTP, RFC 5321)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from central.delivery.gateway import NotSent, Parcel, plain
from central.delivery.outbox import MAX_TRIES, ONCE
from central.delivery.settings import EmailSettings, Tls, is_address
from runtime.service import utc_now

NO_ENTRY = (530, 534, 535, 538)
"""The server does not let us in: no fault of the message (RFC 4954)."""


GOODBYE_S = 2.0


class Mail:
    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings

    async def send(self, parcel: Parcel) -> str:
        told = self._settings
        message = _message(parcel, told.sender)
        server = SMTP(
            hostname=told.host,
            port=told.port,
            username=told.username or None,
            password=told.password or None,
            use_tls=told.tls is Tls.TLS,
            start_tls=told.tls is Tls.STARTTLS,
            timeout=told.timeout_s,
        )
        try:
            async with asyncio.timeout(told.timeout_s):
                await server.connect()
                _, answer = await server.send_message(message)
            await _part_from(server)
        except SMTPRecipientsRefused as refused:
            one = refused.recipients[0]
            raise _not_sent(one.code, one.message) from refused
        except SMTPResponseException as refused:
            raise _not_sent(refused.code, refused.message) from refused
        except TimeoutError as error:
            raise NotSent(f"the mail server did not answer in {told.timeout_s:g} s") from error
        except SMTPNotSupported as error:
            raise NotSent(plain(str(error)), most=ONCE) from error
        except (SMTPException, OSError, ValueError) as error:
            told_why = plain(str(error)) or type(error).__name__
            raise NotSent(f"the mail server cannot be reached: {told_why}") from error
        finally:
            server.close()
        return plain(answer)


async def _part_from(server: SMTP) -> None:
    """However it says goodbye: what it has taken is sent."""
    with suppress(SMTPException, OSError):
        async with asyncio.timeout(GOODBYE_S):
            await server.quit()


def _not_sent(code: int, message: str) -> NotSent:
    final = 500 <= code < 600 and code not in NO_ENTRY
    return NotSent(plain(f"{code} {message}"), most=ONCE if final else MAX_TRIES)


def _message(parcel: Parcel, sender: str) -> EmailMessage:
    """Raises NotSent for an address to which none can go."""
    if not is_address(parcel.to):
        raise NotSent("that is no e-mail address", most=ONCE)
    name, address = parseaddr(sender)
    domain = address.rpartition("@")[2]
    message = EmailMessage(policy.SMTP if parcel.to.isascii() else policy.SMTPUTF8)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = _address(parcel.to)
    message["Subject"] = parcel.subject
    message["Date"] = format_datetime(utc_now())
    message["Message-ID"] = f"<{parcel.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(parcel.body)
    message["Content-Language"] = parcel.language
    for paper in parcel.papers:
        main, _, sub = paper.content_type.partition("/")
        message.add_attachment(paper.content, maintype=main, subtype=sub, filename=paper.name)
    return message


def _address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    try:
        return Address("", local, domain if domain.isascii() else domain.encode("idna").decode())
    except (ValueError, UnicodeError) as error:
        raise NotSent("that is no e-mail address", most=ONCE) from error
