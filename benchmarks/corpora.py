"""Seeded corpora: typical batch requests, in the sizes that the budget requires."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import Any, Final, NamedTuple

SEED: Final = 20261122

Request = dict[str, Any]

CHAT, RESPONSES, EMBEDDINGS = "/v1/chat/completions", "/v1/responses", "/v1/embeddings"
MODEL, EMBEDDING_MODEL = "gpt-4o-mini", "text-embedding-3-small"


def _words(text: str) -> list[str]:
    return text.split()


ENGLISH: Final = _words("""
the of and to in a is that for it as was with be by on not this are from at which but have an they you were their one
all we can has there been if more when will would who so no out up into them then many some time very your just over
account address agent answer assign balance book branch category change city claim clause colour contract country
customer database date delivery discount document email entity error event feature feedback field file function
history hotel image index invoice item label language letter liability line list market message meeting member method
model name network note number office order page paragraph parameter payment period person phone place plan price
priority problem product prompt project query question rating record refund region report request response result
review room sample schedule score section sentence service shipment source statement status store street subject
summary system table task team text ticket timeline title token topic train translate update user value vendor version
warehouse water weather week window word work writer year
""")
IDENTIFIERS: Final = ENGLISH[ENGLISH.index("account") :]
ACCENTED: Final = _words(
    "café naïve über schön größe español corazón élève São ação smörgås Łódź žluťoučký Øresund"
)
CYRILLIC: Final = _words(
    "это как время человек город вопрос ответ система данные пример модель язык текст работа"
)
CJK: Final = _words(
    "你好 世界 日本語 東京 こんにちは 機械学習 数据 模型 总结 以下 内容 翻译 한국어 안녕하세요 데이터"
)
SIGNS: Final = _words("😀 🚀 ✅ 🎉 👍🏽 ❤️ 🔥 — “quoted” … → °C € ™")


class Writer:
    """Generates the parts of requests.

    Attributes:
        random: the random number generator.
        prompts: a few long system prompts, which a batch repeats.
        prompt: a short system prompt.
        schema: the JSON Schema that most structured outputs of a batch share.
        tools: functions with different names.
    """

    def __init__(self, seed: str) -> None:
        self.random = Random(seed)
        self._sentences = [self._sentence() for _ in range(4000)]
        self._ascii = [sentence for sentence in self._sentences if sentence.isascii()]
        self._foreign = [self._foreign_sentence() for _ in range(400)]
        self.prompts = [self.prose(self.length(700, 60, 3000)) for _ in range(8)]
        self.prompt = "You are a helpful assistant that answers briefly and politely."
        self.schema = self.json_schema()
        self.tools = list(
            {tool["name"]: tool for tool in (self._function() for _ in range(90))}.values()
        )[:60]

    def chance(self, share: float) -> bool:
        """Return True with this probability."""
        return self.random.random() < share

    def length(self, median: float, low: int, high: int) -> int:
        """Draw a text length: most are short, a few are long."""
        return round(min(high, max(low, self.random.lognormvariate(0, 0.8) * median)))

    def prose(self, length: int) -> str:
        """Write sentences of about this many characters. More than half of all strings are ASCII."""
        kind = self.random.random()
        pool = self._foreign if kind < 0.03 else self._ascii if kind < 0.55 else self._sentences
        sentences: list[str] = []
        while sum(map(len, sentences)) < length:
            sentences += self.random.choices(pool, k=4)
        between = self.random.choices(["\n\n", "\n", " ", "\n\t- "], [35, 15, 45, 5])[0]
        return between.join(sentences)[:length]

    def identifier(self) -> str:
        """Join one to three words with underscores."""
        return "_".join(self.random.sample(IDENTIFIERS, self.random.randint(1, 3)))

    def uuid(self) -> str:
        """Generate a random UUID."""
        digits = f"{self.random.getrandbits(128):032x}"
        return "-".join(
            (digits[:8], digits[8:12], "4" + digits[13:16], "a" + digits[17:20], digits[20:])
        )

    def json_schema(self, depth: int = 0) -> dict[str, Any]:
        """Generate an object schema that meets the rules of strict structured outputs."""
        properties = {
            self.identifier(): self._property(depth) for _ in range(self.random.randint(2, 6))
        }
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    def picture(self, size: int) -> str:
        """Generate a data URL of a PNG of gray noise, with about this many bytes."""
        width = max(8, int(size**0.5))
        rows = b"".join(b"\0" + self.random.randbytes(width) for _ in range(width))
        chunks = (
            (b"IHDR", struct.pack(">IIBBBBB", width, width, 8, 0, 0, 0, 0)),
            (b"IDAT", zlib.compress(rows, 1)),
            (b"IEND", b""),
        )
        png = b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
        return "data:image/png;base64," + base64.b64encode(png).decode()

    def parameters(self) -> dict[str, Any]:
        """Choose optional parameters for a chat completion."""
        pick = self.random.choice
        every: tuple[tuple[float, Callable[[], dict[str, Any]]], ...] = (
            (0.60, lambda: {"temperature": pick([0, 0.0, 0.2, 0.7, 1, 1.0, 1.25])}),
            (
                0.55,
                lambda: {
                    pick(["max_tokens", "max_completion_tokens"]): pick(
                        [16, 64, 256, 512, 1024, 4096]
                    )
                },
            ),
            (0.20, lambda: {"top_p": pick([1, 0.9, 0.95, 0.5])}),
            (0.20, lambda: {"seed": self.random.randrange(2**31)}),
            (0.06, lambda: {"frequency_penalty": round(self.random.uniform(-2, 2), 2)}),
            (0.06, lambda: {"presence_penalty": round(self.random.uniform(-2, 2), 2)}),
            (0.06, lambda: {"stop": pick(["\n", "END", ["\n\n", "###"]])}),
            (0.06, lambda: {"user": f"user-{self.random.randrange(10**6)}"}),
            (0.05, lambda: {"logprobs": True, "top_logprobs": self.random.randint(0, 5)}),
            (0.04, lambda: {"n": self.random.randint(1, 4)}),
            (0.03, lambda: {"store": True, "metadata": {self.identifier(): self.identifier()}}),
            (0.02, lambda: {"service_tier": pick(["auto", "default", "flex"])}),
            (
                0.01,
                lambda: {
                    "logit_bias": {
                        str(self.random.randrange(100_000)): self.random.randint(-100, 100)
                    }
                },
            ),
        )
        return {
            key: value
            for share, make in every
            if self.chance(share)
            for key, value in make().items()
        }

    def _sentence(self) -> str:
        words = self.random.choices(ENGLISH, k=round(self.random.triangular(4, 32, 12)))
        for share, others in (
            (0.05, ACCENTED),
            (0.01, CYRILLIC),
            (0.01, CJK),
            (0.02, SIGNS),
            (0.04, ['"quoted"', "3.14"]),
        ):
            if self.chance(share):
                words[self.random.randrange(len(words))] = self.random.choice(others)
        return " ".join(words).capitalize() + self.random.choice("....?!:;")

    def _foreign_sentence(self) -> str:
        return (
            " ".join(
                self.random.choices(
                    self.random.choice([CYRILLIC, CJK]), k=self.random.randint(6, 20)
                )
            )
            + "."
        )

    def _property(self, depth: int) -> dict[str, Any]:
        kind = self.random.random()
        if kind < 0.45:
            return {"type": "string", "description": self.prose(self.length(50, 10, 300))}
        if kind < 0.60:
            return {"type": self.random.choice(["integer", "number", "boolean"])}
        if kind < 0.75:
            return {"type": "string", "enum": sorted({self.identifier() for _ in range(4)})}
        if kind < 0.88 or depth > 1:
            return {"type": "array", "items": {"type": self.random.choice(["string", "number"])}}
        return self.json_schema(depth + 1)

    def _function(self) -> dict[str, Any]:
        strict = {"strict": True} if self.chance(0.3) else {}
        return {
            "name": self.identifier(),
            "description": self.prose(self.length(90, 20, 500)),
            "parameters": self.json_schema(),
            **strict,
        }


# -- Kinds of requests ----------------------------------------------------------------------------

Kind = Callable[[Writer, int], Request]


def line(custom_id: str, url: str, body: dict[str, Any]) -> Request:
    """Build one request."""
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": body}


def chat(writer: Writer, number: int) -> Request:
    """Build a chat completion. A few have images, examples, tools or structured outputs."""
    messages = _turns(writer)
    if writer.chance(0.9):
        role = writer.random.choice(["system", "system", "system", "developer"])
        messages.insert(0, {"role": role, "content": writer.random.choice(writer.prompts)})
    body: dict[str, Any] = {"model": MODEL, "messages": messages, **writer.parameters()}
    form = writer.random.random()
    if form < 0.10:
        messages.insert(0, {"role": "system", "content": "Reply in JSON."})
        body["response_format"] = {"type": "json_object"}
    elif form < 0.22:
        schema = writer.schema if writer.chance(0.8) else writer.json_schema()
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema},
        }
    if writer.chance(0.10):
        body |= _tools(writer, writer.random.randint(1, 4))
    return line(f"request-{number + 1}", CHAT, body)


def small(writer: Writer, number: int) -> Request:
    """Build a short chat completion of about 400 bytes."""
    del number
    user = {"role": "user", "content": writer.prose(writer.length(60, 15, 400))}
    body: dict[str, Any] = {
        "model": MODEL,
        "messages": [{"role": "system", "content": writer.prompt}, user],
    }
    body |= {"temperature": 0} if writer.chance(0.7) else {}
    body |= {"max_completion_tokens": 200} if writer.chance(0.7) else {}
    return line(writer.uuid(), CHAT, body)


def embeddings(writer: Writer, number: int) -> Request:
    """Build an embeddings request with one string."""
    body: dict[str, Any] = {
        "model": EMBEDDING_MODEL,
        "input": writer.prose(writer.length(420, 10, 6000)),
    }
    body |= {"encoding_format": "float"} if writer.chance(0.4) else {}
    body |= {"dimensions": writer.random.choice([256, 512, 1024])} if writer.chance(0.2) else {}
    return line(f"request-{number + 1}", EMBEDDINGS, body)


def responses(writer: Writer, number: int) -> Request:
    """Build a request to `/v1/responses` whose input is a list of messages."""
    pick = writer.random.choice
    items = (
        [{"role": pick(["system", "developer"]), "content": writer.prompt}]
        if writer.chance(0.8)
        else []
    )
    for _ in range(pick([0, 0, 0, 0, 1, 2])):
        items.append({"role": "user", "content": writer.prose(writer.length(150, 10, 800))})
        items.append({"role": "assistant", "content": writer.prose(writer.length(200, 10, 800))})
    items.append(_response_input(writer))
    body: dict[str, Any] = {"model": MODEL, "input": items}
    body |= {"instructions": writer.prompt} if writer.chance(0.2) else {}
    body |= {"max_output_tokens": pick([128, 512, 1024])} if writer.chance(0.5) else {}
    body |= {"temperature": pick([0, 0.2, 1])} if writer.chance(0.4) else {}
    if writer.chance(0.15):
        body["text"] = {
            "format": {
                "type": "json_schema",
                "name": "answer",
                "strict": True,
                "schema": writer.schema,
            }
        }
    if writer.chance(0.08):
        body["tools"] = [
            {"type": "function", **tool, "strict": True}
            for tool in writer.random.sample(writer.tools, 2)
        ]
    return line(f"task-{number:06d}-{writer.identifier()}", RESPONSES, body)


def heavy(writer: Writer, number: int) -> Request:
    """Build a conversation of 20 to 60 messages with tool calls."""
    del number
    tools = _tools(writer, writer.random.randint(5, 30))
    names = [tool["function"]["name"] for tool in tools["tools"]]
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": writer.random.choice(writer.prompts)}
    ]
    count = writer.random.randint(20, 60)
    while len(messages) < count:
        messages.append({"role": "user", "content": writer.prose(writer.length(140, 10, 2000))})
        if writer.chance(0.45):
            messages += _calls(writer, names)
        messages.append(
            {"role": "assistant", "content": writer.prose(writer.length(170, 10, 3000))}
        )
    return line(
        writer.uuid(), CHAT, {"model": MODEL, "messages": messages, **tools, **writer.parameters()}
    )


def tiny(writer: Writer, number: int) -> Request:
    """Build the shortest useful request, for files of a million lines."""
    return line(
        writer.uuid(),
        CHAT,
        {"model": MODEL, "messages": [{"role": "user", "content": f"Hello {number}"}]},
    )


def _turns(writer: Writer) -> list[dict[str, Any]]:
    """Write the conversation: usually one message of prose, sometimes images or examples."""
    kind = writer.random.random()
    if kind < 0.80:
        return [{"role": "user", "content": writer.prose(writer.length(1220, 20, 60_000))}]
    if kind < 0.90:
        parts: list[dict[str, Any]] = [
            {"type": "text", "text": writer.prose(writer.length(1000, 20, 20_000))}
        ]
        parts += [_image(writer) for _ in range(writer.random.randint(1, 3))]
        return [{"role": "user", "content": parts}]
    lengths = [300] * (2 * writer.random.randint(1, 5)) + [600]
    return [
        {
            "role": ("user", "assistant")[index % 2],
            "content": writer.prose(writer.length(length, 10, 8000)),
        }
        for index, length in enumerate(lengths)
    ]


def _image(writer: Writer) -> dict[str, Any]:
    url = f"https://example.com/img/{writer.random.randrange(10**8)}/{writer.identifier()}.jpg?size=1024"
    image = {
        "url": url if writer.chance(0.75) else writer.picture(writer.length(2200, 300, 20_000))
    }
    detail = {"detail": writer.random.choice(["auto", "low", "high"])} if writer.chance(0.5) else {}
    return {"type": "image_url", "image_url": image | detail}


def _tools(writer: Writer, count: int) -> dict[str, Any]:
    tools: list[dict[str, Any]] = [
        {"type": "function", "function": function}
        for function in writer.random.sample(writer.tools, count)
    ]
    named = {"type": "function", "function": {"name": tools[0]["function"]["name"]}}
    choice = (
        {"tool_choice": writer.random.choice(["auto", "required", "none", named])}
        if writer.chance(0.6)
        else {}
    )
    parallel = {"parallel_tool_calls": False} if writer.chance(0.3) else {}
    return {"tools": tools, **choice, **parallel}


def _calls(writer: Writer, names: list[str]) -> list[dict[str, Any]]:
    """Write a message that calls one or two tools, and the tools' outputs."""
    calls = []
    for _ in range(writer.random.choice([1, 1, 1, 2])):
        arguments = json.dumps(
            {writer.identifier(): writer.prose(20), "number": writer.random.randrange(1000)}
        )
        function = {"name": writer.random.choice(names), "arguments": arguments}
        calls.append(
            {
                "id": f"call_{writer.random.getrandbits(96):024x}",
                "type": "function",
                "function": function,
            }
        )
    answers = [
        {
            "role": "tool",
            "tool_call_id": call["id"],
            "content": writer.prose(writer.length(150, 10, 3000)),
        }
        for call in calls
    ]
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *answers]


def _response_input(writer: Writer) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "user",
        "content": writer.prose(writer.length(540, 10, 6000)),
    }
    if writer.chance(0.15):
        parts = [{"type": "input_text", "text": message["content"]}]
        url = f"https://example.com/{writer.random.randrange(10**9)}.png"
        parts += (
            [{"type": "input_image", "image_url": url, "detail": "auto"}]
            if writer.chance(0.6)
            else []
        )
        message["content"] = parts
    return {"type": "message", **message} if writer.chance(0.2) else message


# -- Lines with errors ----------------------------------------------------------------------------


def _set(*path: str | int, to: Any) -> Callable[[Request], None]:
    def damage(request: Request) -> None:
        parent: Any = request
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = to

    return damage


def _drop(*path: str | int) -> Callable[[Request], None]:
    def damage(request: Request) -> None:
        parent: Any = request
        for step in path[:-1]:
            parent = parent[step]
        del parent[path[-1]]

    return damage


LAST: Final = ("body", "messages", -1)

#: Errors in chat completions that are valid JSON.
DAMAGES: Final = (
    _drop("custom_id"),
    _set("custom_id", to=17),
    _set("method", to="GET"),
    _set("url", to="/v1/chat/completion"),
    _drop("body", "model"),
    _set("body", "temperature", to=2.5),
    _set("body", "temperature", to="0.7"),
    _set("body", "max_completion_tokens", to="100"),
    _set("body", "max_token", to=12),
    _set("body", "stream", to=True),
    _set("body", "messages", to=[]),
    _set(*LAST, "role", to="usr"),
    _drop(*LAST, "content"),
    _set(*LAST, "content", to=[{"type": "image_url", "image_url": "https://example.com/y.png"}]),
    _set("body", "response_format", to={"type": "json_schema", "schema": {}}),
    _set("body", "tools", to=[{"name": "x", "parameters": {}}]),
)


def damage_request(request: Request, random: Random) -> str:
    """Damage a chat completion, and encode it. One in ten results is not valid JSON."""
    if random.random() < 0.1:
        text = json.dumps(request)
        return (
            text[: len(text) // 2]
            if random.random() < 0.5
            else text.replace('"method": ', '"method" ', 1)
        )
    random.choice(DAMAGES)(request)
    return json.dumps(request)


# -- Corpora --------------------------------------------------------------------------------------

Recipe = Callable[[str, float], Iterator[str]]


class Corpus(NamedTuple):
    """A file, or a directory of files, to measure.

    Attributes:
        name: the name of the file, without its suffix.
        title: the title to print.
        url: the endpoint of its requests.
        recipe: generates the lines from a seed and a scale.
        has_errors: whether the file has errors.
        lines_per_file: the number of lines per file, for a directory of many files. 0 means one file.
    """

    name: str
    title: str
    url: str
    recipe: Recipe
    has_errors: bool = False
    lines_per_file: int = 0


def recipe_for(
    kind: Kind, lines: int, size: int = 0, damaged_share: float = 0, repeated_share: float = 0
) -> Recipe:
    """Create a recipe for requests of one kind.

    Args:
        kind: generates a request.
        lines: the maximum number of lines.
        size: the maximum number of bytes. 0 means no limit.
        damaged_share: the share of damaged lines.
        repeated_share: the share of lines that repeat an earlier custom_id.
    """

    def recipe(seed: str, scale: float) -> Iterator[str]:
        writer, random = Writer(seed), Random(seed + "/errors")
        remaining = size * scale or float("inf")
        seen: list[str] = []
        for number in range(max(10, round(lines * scale))):
            request = kind(writer, number)
            if repeated_share:
                if seen and random.random() < repeated_share:
                    request["custom_id"] = random.choice(seen)
                seen.append(request["custom_id"])
            text = (
                damage_request(request, random)
                if random.random() < damaged_share
                else json.dumps(request, ensure_ascii=random.random() < 0.6)
            )
            remaining -= len(text.encode()) + 1
            if remaining < 0:
                return
            yield text

    return recipe


def long_text(seed: str, scale: float) -> Iterator[str]:
    """Generate one line with a single message of 199 MB."""
    piece = Writer(seed).prose(100_000)
    content = piece * max(1, round(199_000_000 * scale / len(piece.encode())))
    yield json.dumps(
        line("long", CHAT, {"model": MODEL, "messages": [{"role": "user", "content": content}]}),
        ensure_ascii=False,
    )


def long_list(seed: str, scale: float) -> Iterator[str]:
    """Generate one line of 199 MB with millions of messages."""
    del seed
    message = {"role": "user", "content": "Hello"}
    messages = [message] * max(1, round(199_000_000 * scale / (len(json.dumps(message)) + 2)))
    yield json.dumps(line("long", CHAT, {"model": MODEL, "messages": messages}))


CORPORA: Final = (
    Corpus("chat", "chat, 198 MB, 50,000 lines", CHAT, recipe_for(chat, 50_000, 199_000_000)),
    Corpus("small", "chat, 20 MB, 50,000 lines", CHAT, recipe_for(small, 50_000)),
    Corpus("embeddings", "embeddings, 50,000 lines", EMBEDDINGS, recipe_for(embeddings, 50_000)),
    Corpus("responses", "responses, 93 MB, 50,000 lines", RESPONSES, recipe_for(responses, 50_000)),
    Corpus(
        "heavy",
        "long conversations with tools, 199 MB",
        CHAT,
        recipe_for(heavy, 12_000, 199_000_000),
    ),
    Corpus(
        "chat-wrong-1",
        "chat, errors in 1% of the lines",
        CHAT,
        recipe_for(chat, 50_000, 199_000_000, damaged_share=0.01),
        has_errors=True,
    ),
    Corpus(
        "small-wrong-1",
        "small, errors in 1% of the lines",
        CHAT,
        recipe_for(small, 50_000, damaged_share=0.01),
        has_errors=True,
    ),
    Corpus(
        "small-wrong-100",
        "small, errors in every line",
        CHAT,
        recipe_for(small, 50_000, damaged_share=1),
        has_errors=True,
    ),
    Corpus(
        "small-duplicates",
        "small, 5% duplicate IDs",
        CHAT,
        recipe_for(small, 50_000, repeated_share=0.05),
        has_errors=True,
    ),
)

TEN: Final = Corpus("ten", "10 lines", CHAT, recipe_for(small, 10))

GROWTH: Final = (
    Corpus("lines-100k", "100,000 lines", CHAT, recipe_for(tiny, 100_000)),
    Corpus("lines-1m", "1,000,000 lines", CHAT, recipe_for(tiny, 1_000_000)),
    Corpus("long-text", "one line, one string of 199 MB", CHAT, long_text),
    Corpus("long-list", "one line of 199 MB, millions of messages", CHAT, long_list),
    Corpus("many", "10,000 files of 10 lines", CHAT, recipe_for(small, 100_000), lines_per_file=10),
)


def corpus_files(corpus: Corpus, directory: Path, scale: float) -> list[Path]:
    """Return the files of a corpus. Write them if they don't exist.

    Args:
        corpus: the corpus.
        directory: the directory for corpora of this scale. Files from other versions of this module
            are deleted.
        scale: the share of the full size.
    """
    _refresh(directory)
    target = directory / (corpus.name if corpus.lines_per_file else f"{corpus.name}.jsonl")
    if not target.exists():
        draft = target.with_name(target.name + ".new")
        _write(corpus, draft, scale)
        draft.rename(target)
    return sorted(target.iterdir()) if corpus.lines_per_file else [target]


def sample(path: Path, count: int) -> Path:
    """Write a file with this many lines of another file, evenly spaced."""
    lines = path.read_bytes().splitlines(keepends=True)
    target = path.with_suffix(f".{count}.jsonl")
    target.write_bytes(b"".join(lines[index * len(lines) // count] for index in range(count)))
    return target


def _refresh(directory: Path) -> None:
    """Empty the directory if this module has changed since it was filled."""
    stamp, digest = (
        directory / "generator.txt",
        hashlib.sha256(Path(__file__).read_bytes()).hexdigest(),
    )
    if stamp.exists() and stamp.read_text("utf-8") == digest:
        return
    rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    stamp.write_text(digest, "utf-8")


def _write(corpus: Corpus, draft: Path, scale: float) -> None:
    lines = corpus.recipe(f"{SEED}/{corpus.name.partition('-')[0]}", scale)
    if not corpus.lines_per_file:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(text + "\n" for text in lines)
        return
    rmtree(draft, ignore_errors=True)
    draft.mkdir()
    every = [text + "\n" for text in lines]
    for number, start in enumerate(range(0, len(every), corpus.lines_per_file)):
        (draft / f"{number:05d}.jsonl").write_text(
            "".join(every[start : start + corpus.lines_per_file]), "utf-8", newline="\n"
        )
