"""Under which licences the packages of a CycloneDX bill of materials may be used."""

import re
from collections.abc import Mapping
from typing import Any

# Permissive, or (MPL) binding only whoever changes the package's own files: SPDX identifiers, and
# the classifiers of packages that have none.
MAY_BE_SHIPPED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0"),
        *("PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
        *(
            f"License :: OSI Approved :: {name}"
            for name in (
                *("Apache Software License", "BSD License", "MIT License"),
                *("Mozilla Public License 2.0 (MPL 2.0)", "Python Software Foundation License"),
            )
        ),
    }
)
# Their metadata names none; this is what the licence file in the package is.
READ_BY_HAND = {"httpx-aiohttp": "BSD-3-Clause"}


def licences(bill: Mapping[str, Any]) -> dict[str, str]:
    """Each package of the bill, and what it declares."""
    return {
        each["name"]: "; ".join(_declared(each)) or READ_BY_HAND.get(each["name"], "none declared")
        for each in bill["components"]
    }


def refused(bill: Mapping[str, Any]) -> dict[str, str]:
    """The packages that declare something else than what may be shipped."""
    return {name: said for name, said in licences(bill).items() if not _may_be_shipped(said)}


def _declared(component: Mapping[str, Any]) -> list[str]:
    return [
        each.get("expression") or each["license"].get("id") or each["license"]["name"]
        for each in component.get("licenses", ())
    ]


def _may_be_shipped(said: str) -> bool:
    return all(
        any(
            all(part.strip(" ()") in MAY_BE_SHIPPED for part in re.split(r"\bAND\b", choice))
            for choice in re.split(r"\bOR\b", each)
        )
        if "::" not in each
        else each in MAY_BE_SHIPPED
        for each in said.split("; ")
    )
