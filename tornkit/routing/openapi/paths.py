"""Paths Object of routes: one Path Item for all that answer under the same template.

Templates that differ in their parameters' names alone are the same to OpenAPI and may not stand
side by side (3.1, Paths Object). So routes meet under one template, and under one method:

- the same handler behind the same pattern, on another host or through ``default_host``: one
  operation with more servers;
- the same pattern and hosts again: whatever the method, Tornado never reaches it, and it stands
  under ``x-tornkit-shadowed`` (what else can't be reached is for ``--check`` to prove);
- another pattern (``/(\\d+)`` and ``/([a-z]+)``) or other hosts: ``x-tornkit-alternatives``, and
  a parameter's schema is any of theirs.

The operation is the first route's in match order. One that answers for any host goes before one
that is bound to some, because a document's own server is any host.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tornkit.routing.model import Operation, Origin, Report, Route
from tornkit.routing.openapi.operations import (
    METHODS,
    names_for,
    operation_object,
    operations_of,
    parameter,
    slot_schema,
)
from tornkit.routing.openapi.places import (
    Hosts,
    hosts_of,
    path_regex,
    places_of,
    regex_text,
    repeated,
    why_not,
)
from tornkit.routing.openapi.schemas import Schemas
from tornkit.routing.openapi.templates import PathTemplate

# For a reader; what is not named here follows.
_ORDER = ("tags", "summary", "description", "operationId", "parameters", "responses", "servers")
_BY_DEFAULT = "Any other host, through default_host; not with an X-Real-Ip header."


@dataclass(frozen=True)
class _Entry:
    """One route that answers one method under one template, with all hosts it does so for."""

    route: Route
    template: PathTemplate
    operation: Operation
    hosts: Hosts

    @property
    def same(self) -> tuple[object, ...]:
        """Key that two entries share if they are one operation, perhaps on different hosts.

        Made of handler, path regex, name, keyword arguments and method.
        """
        regex, kwargs = path_regex(self.route), self.route.kwargs
        return self.route.target.name, regex, self.route.name, kwargs, self.operation.method


@dataclass
class _Item:
    """A Path Item in the making. ``others`` are methods that OpenAPI has no field for."""

    names: list[str]
    methods: dict[str, list[_Entry]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    shadowed: list[Route] = field(default_factory=list)


@dataclass
class _Ids:
    """Maker of operation ids, each given once."""

    given: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)  # ten thousand routes, one handler

    def next(self, wanted: str) -> str:
        found, number = wanted, self.counts.get(wanted, 1)
        while found in self.given:
            number += 1
            found = f"{wanted}_{number}"
        self.given.add(found)
        self.counts[wanted] = number
        return found


def paths(
    report: Report, routes: Iterable[Route], schemas: Schemas
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The Paths Object, and the routes that are not in it, each with its ``reason``."""
    items: dict[str, tuple[PathTemplate, _Item]] = {}
    omitted = []
    behind = set().union(*(repeated(table.routes) for table in report.tables))
    for route in routes:
        reason = _inserted(route) or why_not(route)
        templates = () if reason else places_of(route)
        if not templates:
            omitted.append(_omission(route, reason or "no path matches its pattern"))
        for template in templates:
            shape = template.text([""] * len(template.slots))
            _, item = items.setdefault(shape, (template, _Item(names_for(template, route))))
            if route.index in behind:
                item.shadowed.append(route)
            else:
                _enter(item, template, route)
    ids = _Ids()
    made = {
        template.text(item.names): _path_item(item, schemas, ids)
        for template, item in items.values()
    }
    return made, omitted


def _inserted(route: Route) -> str | None:
    return "Tornado inserted it for static_path" if route.origin is Origin.TORNADO else None


def _omission(route: Route, reason: str) -> dict[str, Any]:
    return {**_named(route), "regex": regex_text(route), "reason": reason}


def _named(route: Route) -> dict[str, Any]:
    name = {} if route.name is None else {"name": route.name}
    return {"handler": route.target.name, **name}


def _enter(item: _Item, template: PathTemplate, route: Route) -> None:
    hosts = hosts_of(route)
    for method, operation in operations_of(route):
        if method not in METHODS:
            if method not in item.others:
                item.others.append(method)
            continue
        item.methods.setdefault(method, []).append(_Entry(route, template, operation, hosts))


def _path_item(item: _Item, schemas: Schemas, ids: _Ids) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for method in METHODS:
        if method in item.methods:
            entries = _united(item.methods[method])
            made[method.lower()] = _operation(item.names, method, entries, schemas, ids)
    if item.others:
        made["x-tornkit-other-methods"] = item.others
    if item.shadowed:
        made["x-tornkit-shadowed"] = [
            {**_named(route), "regex": regex_text(route)} for route in item.shadowed
        ]
    return made


def _united(entries: list[_Entry]) -> list[_Entry]:
    """Entries in the order of the document; those with an equal key (``same``) become one."""
    found: dict[tuple[object, ...], _Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.route.index):
        before = found.get(entry.same)
        if before is None:
            found[entry.same] = entry
        elif before.hosts != entry.hosts:
            hosts = _both(before.hosts, entry.hosts)
            found[entry.same] = _Entry(before.route, before.template, before.operation, hosts)
    return sorted(found.values(), key=lambda entry: (entry.hosts.bound, entry.route.index))


def _both(one: Hosts, other: Hosts) -> Hosts:
    if not one.rules and not one.otherwise:
        return one
    if not other.rules and not other.otherwise:
        return other
    listed = [each.names for each in (one, other) if each.rules]
    known = [names for names in listed if names is not None]
    return Hosts(
        tuple(dict.fromkeys(name for names in known for name in names))
        if known and len(known) == len(listed)
        else None,
        tuple(dict.fromkeys((*one.rules, *other.rules))),
        one.otherwise or other.otherwise,
    )


def _operation(
    names: list[str], method: str, entries: list[_Entry], schemas: Schemas, ids: _Ids
) -> dict[str, Any]:
    first, *alternatives = entries
    made = operation_object(first.route, method, first.operation, schemas)
    made["operationId"] = ids.next(f"{first.route.target.short_name}.{method.lower()}")
    if names:
        made["parameters"] = _parameters(names, [first, *alternatives], schemas)
    made |= _place(first)
    if not first.template.exact:
        made["x-tornkit-regex"] = regex_text(first.route)
    if alternatives:
        made["x-tornkit-alternatives"] = [_other(entry) for entry in alternatives]
    order = [*(key for key in _ORDER if key in made), *made]
    return {key: made[key] for key in dict.fromkeys(order)}


def _parameters(names: list[str], entries: list[_Entry], schemas: Schemas) -> list[Any]:
    found = []
    for place, name in enumerate(names):
        slots = [(entry, entry.template.slots[place]) for entry in entries]
        allowed = [slot_schema(slot, e.route, e.operation, schemas) for e, slot in slots]
        unused = all(slot.group is None for _, slot in slots)
        found.append(parameter(name, allowed, unused=unused))
    return found


def _place(entry: _Entry) -> dict[str, Any]:
    """Servers of an entry, of any scheme and port (RFC 3986, 4.2); else the rules of its hosts."""
    hosts = entry.hosts
    if not hosts.rules:
        return {}
    default = [{"url": "/", "description": _BY_DEFAULT}] if hosts.otherwise else []
    if not hosts.names:
        return {"x-tornkit-host": list(hosts.rules)}
    return {"servers": [*({"url": f"//{name}"} for name in hosts.names), *default]}


def _other(entry: _Entry) -> dict[str, Any]:
    return {**_named(entry.route), "regex": regex_text(entry.route), **_place(entry)}
