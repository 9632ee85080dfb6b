"""The two manifests: what Office reads when the add-in is installed.

``manifest.xml`` is the one to use: every Excel that runs custom functions knows it. ``manifest.json`` is the unified
manifest of Microsoft 365 for companies that deploy that way. Both say the same: one shared runtime (the page of the
task pane) for functions, pane and buttons, and a group of buttons on the Home tab.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from revalign_udf.functions.registry import PREFIX

__all__ = ["ADDIN_ID", "BUTTONS", "Button", "addin_version", "manifest_json", "manifest_xml"]

#: never changes: Office knows the add-in by it
ADDIN_ID = "7d0a4b6e-1c52-4e0b-9d6a-5f1f3c8e2a47"
_NAME, _PROVIDER = "Revalign", "Revalign"
_ABOUT = "One set of agreed numbers for marketing, sales, customer success and finance, as functions in Excel."


@dataclass(frozen=True, slots=True)
class Button:
    """A button of the group. ``id`` is its action in ``functions.js``; the first one opens the pane by itself."""

    id: str
    label: str
    tip: str


BUTTONS = (
    Button("INSERT", "Insert metric", "Find a metric, read what it means, and put it into the chosen cell."),
    Button("REFRESH", "Refresh", "Ask for numbers published since, and calculate the workbook anew."),
    Button("EXPLAIN", "Explain", "How the number in the chosen cell came about, down to the records."),
    Button("FREEZE", "Freeze period", "Ask for a month to be closed, so that its numbers stay."),
    Button("STATUS", "Status", "How fresh the numbers are, source by source."),
    Button("HELP", "Help", "The functions, and what to do when a cell shows an error."),
)


def addin_version(package: str | None = None) -> str:
    """The version of the add-in. Office compares it to offer updates and wants at least 1.0, so a 1 stands in front.

    >>> addin_version("0.1.0"), addin_version("2.3.1rc1")
    ('1.0.1.0', '1.2.3.1')
    """
    numbers = re.findall(r"\d+", version("revalign-udf") if package is None else package)
    return ".".join(["1", *[*numbers, "0", "0", "0"][:3]])


def manifest_xml(home: str) -> str:
    """The add-in only manifest. ``home`` is the address of the folder with the files, ending in a slash.

    The order of elements is the one the schema prescribes; Office refuses any other.
    """
    urls = {
        "Pane.Url": f"{home}pane.html",
        "Script.Url": f"{home}functions.js",
        "Metadata.Url": f"{home}functions.json",
    }
    images = {f"Icon.{size}": f"{home}icon-{size}.png" for size in (16, 32, 80)}
    short = {"Namespace": PREFIX, "Group.Label": _NAME, "Start.Title": "Revalign is ready"}
    long = {"Start.Text": "Type =REVALIGN. in a cell, or press Insert metric on the Home tab."}
    for button in BUTTONS:
        short[f"{button.id}.Label"] = button.label
        long[f"{button.id}.Tip"] = button.tip
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<OfficeApp xmlns="http://schemas.microsoft.com/office/appforoffice/1.1"',
        '           xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
        '           xmlns:bt="http://schemas.microsoft.com/office/officeappbasictypes/1.0"',
        '           xsi:type="TaskPaneApp">',
        f"  <Id>{ADDIN_ID}</Id>",
        f"  <Version>{addin_version()}</Version>",
        f"  <ProviderName>{_PROVIDER}</ProviderName>",
        "  <DefaultLocale>en-US</DefaultLocale>",
        _valued(2, "DisplayName", _NAME),
        _valued(2, "Description", _ABOUT),
        _valued(2, "IconUrl", f"{home}icon-32.png"),
        _valued(2, "HighResolutionIconUrl", f"{home}icon-64.png"),
        _valued(2, "SupportUrl", f"{home}pane.html"),
        "  <AppDomains>",
        f"    <AppDomain>{_origin(home)}</AppDomain>",
        "  </AppDomains>",
        "  <Hosts>",
        '    <Host Name="Workbook"/>',
        "  </Hosts>",
        "  <Requirements>",
        '    <Sets DefaultMinVersion="1.1">',
        '      <Set Name="SharedRuntime" MinVersion="1.1"/>',
        '      <Set Name="CustomFunctionsRuntime" MinVersion="1.1"/>',
        "    </Sets>",
        "  </Requirements>",
        "  <DefaultSettings>",
        _valued(4, "SourceLocation", urls["Pane.Url"]),
        "  </DefaultSettings>",
        "  <Permissions>ReadWriteDocument</Permissions>",
        '  <VersionOverrides xmlns="http://schemas.microsoft.com/office/taskpaneappversionoverrides"',
        '                    xsi:type="VersionOverridesV1_0">',
        "    <Hosts>",
        '      <Host xsi:type="Workbook">',
        "        <Runtimes>",
        '          <Runtime resid="Pane.Url" lifetime="long"/>',
        "        </Runtimes>",
        "        <AllFormFactors>",
        '          <ExtensionPoint xsi:type="CustomFunctions">',
        '            <Script><SourceLocation resid="Script.Url"/></Script>',
        '            <Page><SourceLocation resid="Pane.Url"/></Page>',
        '            <Metadata><SourceLocation resid="Metadata.Url"/></Metadata>',
        '            <Namespace resid="Namespace"/>',
        "          </ExtensionPoint>",
        "        </AllFormFactors>",
        "        <DesktopFormFactor>",
        "          <GetStarted>",
        '            <Title resid="Start.Title"/>',
        '            <Description resid="Start.Text"/>',
        '            <LearnMoreUrl resid="Pane.Url"/>',
        "          </GetStarted>",
        '          <FunctionFile resid="Pane.Url"/>',
        '          <ExtensionPoint xsi:type="PrimaryCommandSurface">',
        '            <OfficeTab id="TabHome">',
        '              <Group id="Revalign.Group">',
        '                <Label resid="Group.Label"/>',
        *_icon(16),
        *(line for place, button in enumerate(BUTTONS) for line in _control(button, pane=place == 0)),
        "              </Group>",
        "            </OfficeTab>",
        "          </ExtensionPoint>",
        "        </DesktopFormFactor>",
        "      </Host>",
        "    </Hosts>",
        "    <Resources>",
        *_resources("Images", "Image", images),
        *_resources("Urls", "Url", urls),
        *_resources("ShortStrings", "String", short),
        *_resources("LongStrings", "String", long),
        "    </Resources>",
        "  </VersionOverrides>",
        "</OfficeApp>",
    ]
    return "\n".join(lines) + "\n"


def _valued(indent: int, tag: str, value: str) -> str:
    return f"{' ' * indent}<{tag} DefaultValue={quoteattr(value)}/>"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _icon(indent: int) -> Iterable[str]:
    yield f"{' ' * indent}<Icon>"
    for size in (16, 32, 80):
        yield f'{" " * indent}  <bt:Image size="{size}" resid="Icon.{size}"/>'
    yield f"{' ' * indent}</Icon>"


def _control(button: Button, *, pane: bool) -> Iterable[str]:
    yield f'                <Control xsi:type="Button" id="Revalign.{button.id}">'
    yield f'                  <Label resid="{button.id}.Label"/>'
    yield "                  <Supertip>"
    yield f'                    <Title resid="{button.id}.Label"/>'
    yield f'                    <Description resid="{button.id}.Tip"/>'
    yield "                  </Supertip>"
    yield from _icon(18)
    if pane:  # opens even where the script could not be loaded, so that the pane can say why
        yield '                  <Action xsi:type="ShowTaskpane">'
        yield "                    <TaskpaneId>Revalign.Pane</TaskpaneId>"
        yield '                    <SourceLocation resid="Pane.Url"/>'
    else:
        yield '                  <Action xsi:type="ExecuteFunction">'
        yield f"                    <FunctionName>{button.id}</FunctionName>"
    yield "                  </Action>"
    yield "                </Control>"


def _resources(group: str, tag: str, values: Mapping[str, str]) -> Iterable[str]:
    yield f"      <bt:{group}>"
    for name, value in values.items():
        yield f'        <bt:{tag} id="{name}" DefaultValue={quoteattr(value)}/>'
    yield f"      </bt:{group}>"


def manifest_json(home: str) -> dict[str, Any]:
    """The unified manifest. It points to ``functions.json``, whose flag for errors as inputs it has no word for."""
    icons = [{"size": size, "url": f"{home}icon-{size}.png"} for size in (16, 32, 80)]
    return {
        "$schema": "https://developer.microsoft.com/json-schemas/teams/v1.30/MicrosoftTeams.schema.json",
        "manifestVersion": "1.30",
        "version": ".".join(addin_version().split(".")[:3]),
        "id": ADDIN_ID,
        "developer": {
            "name": _PROVIDER, "websiteUrl": f"{home}pane.html", "privacyUrl": f"{home}pane.html",
            "termsOfUseUrl": f"{home}pane.html",
        },
        "name": {"short": _NAME, "full": _NAME},
        "description": {"short": "Agreed numbers as functions in Excel.", "full": _ABOUT},
        "icons": {"outline": "icon-outline.png", "color": "icon-192.png"},
        "accentColor": "#0F6E6E",
        "validDomains": [urlsplit(home).netloc],
        "authorization": {"permissions": {"resourceSpecific": [{"name": "Document.ReadWrite.User", "type": "Delegated"}]}},
        "extensions": [
            {
                "requirements": {
                    "scopes": ["workbook"],
                    "capabilities": [
                        {"name": "SharedRuntime", "minVersion": "1.1"},
                        {"name": "CustomFunctionsRuntime", "minVersion": "1.1"},
                    ],
                },
                "runtimes": [
                    {
                        "id": "Revalign.Runtime",
                        "type": "general",
                        "code": {"page": f"{home}pane.html", "script": f"{home}functions.js"},
                        "lifetime": "long",
                        "actions": [
                            {"id": "INSERT", "type": "openPage", "view": "Revalign.Pane"},
                            *({"id": button.id, "type": "executeFunction"} for button in BUTTONS[1:]),
                        ],
                        "customFunctions": {
                            "namespace": {"id": PREFIX, "name": PREFIX},
                            "metadataUrl": f"{home}functions.json",
                        },
                    }
                ],
                "ribbons": [
                    {
                        "contexts": ["default"],
                        "tabs": [
                            {
                                "builtInTabId": "TabHome",
                                "groups": [
                                    {
                                        "id": "Revalign.Group",
                                        "label": _NAME,
                                        "icons": icons,
                                        "controls": [
                                            {
                                                "id": f"Revalign.{button.id}", "type": "button", "label": button.label,
                                                "icons": icons, "actionId": button.id,
                                                "supertip": {"title": button.label, "description": button.tip},
                                            }
                                            for button in BUTTONS
                                        ],
                                    }
                                ],
                            }
                        ],
                    }
                ],
            }
        ],
    }  # fmt: skip
