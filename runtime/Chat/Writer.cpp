//===- Writer.cpp - continues a text token by token -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Chat/Writer.h"
#include "runtime/Chat/Interrupt.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Support/Error.h"

#include <cstdio>
#include <random>

namespace xlstm {

static SamplerOptions samplerOf(const TextOptions &options) {
  SamplerOptions sampler = options.sampler;
  sampler.seed = options.seed < 0 ? std::random_device()() : static_cast<uint64_t>(options.seed);
  return sampler;
}

Writer::Writer(TextModel &model, const TextOptions &options, const Output &out)
    : model(model), options(options), out(out), sampler(samplerOf(options)) {}

void Writer::check(const std::vector<int32_t> &text) const {
  if (text.empty())
    fail("the prompt is empty");
  if (model.tokenizer())
    checkTokens(text, model.vocab(), *model.tokenizer(), "the prompt");
  for (int32_t id : text)
    if (id < 0 || id >= model.vocab())
      fail("the prompt: expected token ids of 0 to ", model.vocab() - 1, ", found ", id);
  if (static_cast<int64_t>(text.size()) > model.room())
    fail("the prompt has ", text.size(), " tokens, the model has room for ", model.room());
}

Writer::Written Writer::continueText(std::vector<int32_t> &text, bool looksBehind) {
  check(text);
  const int64_t room = model.room() - static_cast<int64_t>(text.size()) + 1; // the last is written, not read
  const int64_t most = options.most < 0 ? room : std::min(options.most, room);
  std::optional<StreamDecoder> decoder;
  if (model.tokenizer())
    decoder.emplace(*model.tokenizer(), /*skipSpecial=*/true);
  Written written{"", most < room ? End::Tokens : End::Context};
  auto write = [&](const std::string &piece, const std::string &id) {
    out(options.ids ? id : piece);
    written.text += piece;
  };
  const bool looks = looksBehind && most < room;
  std::span<float> logits = most ? model.read(text, most + looks) : std::span<float>();
  for (int64_t n = 0; n < most; ++n) {
    int32_t id = sampler.sample(logits);
    bool ends = model.isEnd(id), stops = wasInterrupted();
    if (ends || stops) {
      written.end = ends ? End::Model : End::Interrupt;
      break;
    }
    text.push_back(id);
    write(decoder ? decoder->next(id) : "", (n ? " " : "") + std::to_string(id));
    if (n + 1 < most || looks)
      logits = model.readOne(id);
    if (n + 1 == most && looks && model.isEnd(sampler.sample(logits)))
      written.end = End::Model;
  }
  write(decoder ? decoder->finish() : "", "");
  out("\n");
  return written;
}

void Writer::explain(End end, const char *more) const {
  std::string text = end == End::Tokens    ? "cut after " + std::to_string(options.most) + " tokens, as -n says"
                     : end == End::Context ? "cut: the model was made for " + std::to_string(model.room()) + " tokens"
                                           : "stopped";
  if (end != End::Model)
    std::fprintf(stderr, "[%s%s]\n", text.c_str(), more);
}

} // namespace xlstm
