"""Mail domains that say nothing about whose customer somebody is."""

from __future__ import annotations

import re

__all__ = ["FREE_MAIL", "company_name"]

#: providers where anybody gets an address, and throw-away ones
FREE_MAIL = frozenset(
    (
        "gmail.com googlemail.com outlook.com outlook.de outlook.fr hotmail.com hotmail.co.uk hotmail.de hotmail.fr"
        " hotmail.it hotmail.es live.com live.co.uk live.de live.fr live.nl msn.com windowslive.com passport.com"
        " yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.it yahoo.es yahoo.ca yahoo.com.br yahoo.co.in yahoo.co.jp"
        " ymail.com rocketmail.com icloud.com me.com mac.com aol.com aim.com gmx.de gmx.net gmx.com gmx.at gmx.ch"
        " web.de freenet.de t-online.de arcor.de mail.com email.com proton.me protonmail.com pm.me tutanota.com"
        " tutamail.com tuta.io hey.com fastmail.com fastmail.fm zoho.com zohomail.com mail.ru bk.ru inbox.ru list.ru"
        " yandex.ru yandex.com ya.ru rambler.ru ukr.net qq.com foxmail.com 163.com 126.com yeah.net sina.com sohu.com"
        " naver.com hanmail.net daum.net orange.fr wanadoo.fr free.fr sfr.fr laposte.net neuf.fr libero.it virgilio.it"
        " tiscali.it alice.it tin.it terra.com.br uol.com.br bol.com.br btinternet.com sky.com virginmedia.com"
        " ntlworld.com talktalk.net comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net"
        " earthlink.net rogers.com shaw.ca bigpond.com optusnet.com.au rediffmail.com wp.pl o2.pl onet.pl interia.pl"
        " seznam.cz centrum.cz telenet.be skynet.be ziggo.nl kpnmail.nl xs4all.nl planet.nl bluewin.ch telia.com"
        " mailinator.com guerrillamail.com yopmail.com temp-mail.org 10minutemail.com trashmail.com"
    ).split()
)

_FORMS = re.compile(
    r"\b(?:incorporated|inc|corporation|corp|company|co|limited|ltd|llc|llp|lp|plc|gmbh|mbh|ag|kg|ohg|ug|se|sa|sas|sarl|srl"
    r"|spa|bv|nv|ab|as|aps|oy|oyj|kft|sro|pty|pvt|holding|holdings|group|gruppe|the)\b"
)


def company_name(name: str) -> str:
    """A company's name without its legal form, for comparing: two that are equal may be the same, no more than that.

    >>> company_name("The Acme Group, Inc."), company_name("ACME GmbH & Co. KG"), company_name("Acme Labs")
    ('acme', 'acme', 'acme labs')
    """
    plain = re.sub(r"[^\w\s]", " ", name.casefold().replace(".", ""))
    return " ".join(_FORMS.sub(" ", plain).split())
