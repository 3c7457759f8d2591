"""What programs do with MCP's own client: `mcp_calls.py URL SWELL PACK HIDDEN` prints JSON, by transport and by way of the protocol."""

import asyncio
import json
import os
import sys
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

QUESTION = "Who climbed Mount Kenya first?"


async def talk(client: Any, pack: str, hidden: str) -> dict[str, Any]:
    told: dict[str, Any] = {"server": client.server_info.name, "version": client.protocol_version}
    told["tools"] = [tool.name for tool in (await client.list_tools()).tools]
    asked = await client.call_tool("ask", {"question": QUESTION, "packs": [pack], "risk": 0.2})
    told["text"] = asked.content[0].text
    told["quotes"] = asked.structured_content["quotes"]
    address = told["quotes"][0]["citation"]["address"]
    opened = await client.call_tool("open_citation", {"address": address, "context": 100})
    told["opened"] = opened.structured_content
    listed = await client.call_tool("packs", {})
    told["packs"] = [each["name"] for each in listed.structured_content["packs"]]
    none = await client.call_tool("ask", {"question": "Who is xyzzy?", "packs": [pack]})
    told["answered"] = none.structured_content["answered"]
    told["errors"] = {}
    absent = hidden.replace("hidden", "absent")
    tries: dict[str, tuple[str, dict[str, Any]]] = {
        "hidden": ("ask", {"question": QUESTION, "packs": [hidden]}),
        "absent": ("ask", {"question": QUESTION, "packs": [absent]}),
        "hidden place": ("open_citation", {"address": address.replace(pack, hidden)}),
        "absent place": ("open_citation", {"address": address.replace(pack, absent)}),
        "empty": ("ask", {"question": " "}),
        "long": ("ask", {"question": "a" * 100_000}),
        "place": ("open_citation", {"address": "https://example.org/"}),
        "context": ("open_citation", {"address": address, "context": 1_000_000}),
        "type": ("ask", {"question": 7}),
    }
    for name, (tool, arguments) in tries.items():
        found = await client.call_tool(tool, arguments)
        told["errors"][name] = [found.is_error, found.content[0].text]
    try:
        await client.call_tool("none", {})
    except Exception as error:
        told["unknown"] = str(error)
    return told


async def main(url: str, swell: str, pack: str, hidden: str) -> None:
    token = os.environ["TOKEN"]
    told: dict[str, Any] = {}
    for mode in ("legacy", "auto"):
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers) as http:
            transport = streamable_http_client(f"{url}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                told[f"http {mode}"] = await talk(client, pack, hidden)
        arguments = ["-m", "groundswell.cli", "mcp", "--hub", url]
        server = StdioServerParameters(command=swell, args=arguments, env={"HF_TOKEN": token})
        async with Client(stdio_client(server), mode=mode) as client:
            told[f"stdio {mode}"] = await talk(client, pack, hidden)
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
