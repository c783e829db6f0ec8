//===- Decoder.cpp - tokens to text ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Decoder.h"

#include "runtime/Text/Metaspace.h"
#include "runtime/Text/Model.h"
#include "runtime/Text/Unicode.h"
#include "xlstm/Runtime/Files/Utf8.h"

using namespace xlstm;
using namespace xlstm::text;

namespace {

std::string replaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (size_t at; (at = text.find(from)) != text.npos; text.remove_prefix(at + from.size()))
    out.append(text.substr(0, at)).append(to);
  return out.append(text);
}

/// Without a decoder the package puts a space between tokens.
class Join : public DecoderStep {
public:
  void take(std::string_view token, State &state, const Next &next) const override {
    if (state.count++)
      next(" ");
    next(token);
  }
};

class Replace : public DecoderStep {
public:
  Replace(std::string from, std::string to) : from(std::move(from)), to(std::move(to)) {}
  void take(std::string_view token, State &, const Next &next) const override { next(replaceAll(token, from, to)); }

protected:
  std::string from, to;
};

/// Behind Fuse: keeps an end that may be the beginning of a match.
class FusedReplace : public Replace {
public:
  using Replace::Replace;
  void take(std::string_view token, State &state, const Next &next) const override {
    std::string_view text = state.pending.append(token);
    std::string out;
    for (size_t at; (at = text.find(from)) != text.npos; text.remove_prefix(at + from.size()))
      out.append(text.substr(0, at)).append(to);
    size_t kept = std::min(text.size(), from.size() - 1);
    while (kept && !from.starts_with(text.substr(text.size() - kept)))
      --kept;
    out.append(text.substr(0, text.size() - kept));
    state.pending = std::string(text.substr(text.size() - kept));
    next(out);
  }
  void finish(State &state, const Next &next) const override { next(std::exchange(state.pending, {})); }
};

class ReplaceRegex : public DecoderStep {
public:
  ReplaceRegex(const std::string &pattern, const std::string &place, std::string to)
      : regex(pattern, place), to(std::move(to)) {}
  void take(std::string_view token, State &, const Next &next) const override {
    RegexScratch scratch;
    std::vector<Part> parts;
    std::string out;
    if (!token.empty())
      regex.cut(token, scratch, parts);
    for (const Part &part : parts)
      out += part.isMatch ? std::string_view(to) : token.substr(part.begin, part.end - part.begin);
    next(out);
  }

private:
  Regex regex;
  std::string to;
};

/// "<0x41>": a run of them is text when all of it is UTF-8, else a U+FFFD for each. So nothing of a run is known before
/// its end.
class ByteFallback : public DecoderStep {
public:
  void take(std::string_view token, State &state, const Next &next) const override {
    if (int byte = byteOfToken(token); byte >= 0) {
      state.pending += char(byte);
      return;
    }
    finish(state, next);
    next(token);
  }
  void finish(State &state, const Next &next) const override {
    std::string run = std::exchange(state.pending, {});
    if (validUtf8Prefix(run) == run.size()) {
      if (!run.empty())
        next(run);
      return;
    }
    for (size_t n = 0; n < run.size(); ++n)
      next("\xEF\xBF\xBD");
  }
};

class Metaspace : public DecoderStep {
public:
  Metaspace(std::string sign, bool prepends) : sign(std::move(sign)), prepends(prepends) {}
  void take(std::string_view token, State &state, const Next &next) const override {
    bool drops = state.count++ == 0 && prepends; // all signs of the first token, not its first only
    next(replaceAll(token, sign, drops ? "" : " "));
  }

private:
  std::string sign;
  bool prepends;
};

/// Up to `start` and `stop` times `content` at the ends of every token.
class Strip : public DecoderStep {
public:
  Strip(std::string content, size_t start, size_t stop) : content(std::move(content)), start(start), stop(stop) {}
  void take(std::string_view token, State &, const Next &next) const override {
    for (size_t n = 0; n < start && token.starts_with(content); ++n)
      token.remove_prefix(content.size());
    for (size_t n = 0; n < stop && token.ends_with(content); ++n)
      token.remove_suffix(content.size());
    next(token);
  }

protected:
  std::string content;
  size_t start, stop;
};

class FusedStrip : public Strip {
public:
  using Strip::Strip;
  void take(std::string_view token, State &state, const Next &next) const override {
    for (; state.count < start && token.starts_with(content); ++state.count)
      token.remove_prefix(content.size());
    if (token.empty())
      return;
    state.count = start;
    state.pending += token;
    std::string_view rest = state.pending;
    for (size_t n = 0; n < stop && rest.ends_with(content); ++n)
      rest.remove_suffix(content.size());
    next(rest);
    state.pending.erase(0, rest.size());
  }
};

std::unique_ptr<DecoderStep> readReplace(const Node &node, bool fused) {
  const std::string &to = node.member("content").string();
  Node pattern = node.member("pattern"), regex = pattern.member("Regex");
  if (!regex.isNull() && fused)
    regex.refuse("a regex behind Fuse is not supported");
  if (!regex.isNull())
    return std::make_unique<ReplaceRegex>(regex.string(), regex.where(), to);
  const std::string &from = pattern.member("String").string();
  if (from.empty())
    pattern.complain("expected a string that is not empty");
  if (fused)
    return std::make_unique<FusedReplace>(from, to);
  return std::make_unique<Replace>(from, to);
}

std::unique_ptr<DecoderStep> readStrip(const Node &node, bool fused) {
  Node content = node.member("content");
  auto count = [&](const char *name) -> size_t { return size_t(node.member(name).id()); };
  if (content.string().empty() || firstCharacter(content.string()).length != content.string().size())
    content.complain("expected one character, found ", quote(content.string()));
  if (fused)
    return std::make_unique<FusedStrip>(content.string(), count("start"), count("stop"));
  return std::make_unique<Strip>(content.string(), count("start"), count("stop"));
}

} // namespace

/// What byte-level tokens decode by needs no step: their bytes are the text.
static void checkByteLevel(const Node &node) {
  if (node.isNull())
    node.refuse("expected a ByteLevel decoder, found none");
  const std::string &type = node.member("type").string();
  if (type == "Sequence" && node.member("decoders").array().size() == 1)
    return checkByteLevel(node.member("decoders").element(0));
  if (type != "ByteLevel")
    node.refuse("the decoder ", quote(type), " is not supported for byte-level tokens");
}

Decoder::Decoder(const Node &node, bool byteLevel) {
  if (byteLevel)
    checkByteLevel(node);
  else if (node.isNull())
    steps.push_back(std::make_unique<Join>());
  else
    add(node);
}

void Decoder::add(const Node &node) {
  const std::string &type = node.member("type").string();
  if (type == "Sequence") {
    Node inner = node.member("decoders");
    for (size_t n = 0; n < inner.array().size(); ++n)
      add(inner.element(n));
  } else if (type == "Replace") {
    steps.push_back(readReplace(node, fused));
  } else if (type == "Strip") {
    steps.push_back(readStrip(node, fused));
  } else if (type == "Fuse") {
    fused = true;
  } else if (type == "ByteFallback" && !fused) {
    steps.push_back(std::make_unique<ByteFallback>());
    usesBytes = true;
  } else if (type == "Metaspace" && !fused) {
    MetaspaceFields fields(node);
    steps.push_back(std::make_unique<Metaspace>(fields.sign, fields.scheme != MetaspaceFields::Never));
  } else {
    node.refuse("the decoder ", quote(type), " is not supported", fused ? " behind Fuse" : "");
  }
}

void Decoder::pass(size_t n, std::string_view token, std::vector<StreamDecoder::State> &states,
                   std::string &out) const {
  if (n == steps.size()) {
    out += token;
    return;
  }
  steps[n]->take(token, states[n], [&](std::string_view given) { pass(n + 1, given, states, out); });
}

std::string Decoder::take(std::string_view token, std::vector<StreamDecoder::State> &states) const {
  states.resize(steps.size());
  std::string out;
  pass(0, token, states, out);
  return out;
}

std::string Decoder::finish(std::vector<StreamDecoder::State> &states) const {
  states.resize(steps.size());
  std::string out;
  for (size_t n = 0; n < steps.size(); ++n)
    steps[n]->finish(states[n], [&](std::string_view given) { pass(n + 1, given, states, out); });
  states.clear();
  return out;
}

std::string Decoder::bytesOf(std::string_view token) const {
  if (int byte = usesBytes ? byteOfToken(token) : -1; byte >= 0)
    return std::string(1, char(byte));
  // As the second token, so that nothing is dropped at the start: the first is a letter, which comes out as it is.
  std::vector<StreamDecoder::State> states;
  std::string out = take("x", states) + take(token, states) + finish(states);
  return out.substr(std::min<size_t>(out.size(), 1));
}
