//===- Logits.cpp - the verb logits: what the compiled model computes -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Model.h"
#include "runtime/Deploy/Verbs.h"
#include "xlstm/Runtime/Files/Interrupt.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Runtime/Files/Safetensors.h"
#include "xlstm/Support/Error.h"

#include <cerrno>
#include <cstring>

namespace xlstm {

namespace {

struct LogitsSettings {
  std::string input, output;
  int64_t prefill = 0;
  bool together = false;
};

/// input_ids [B, T] of the file.
struct InputIds {
  int64_t rows, tokens;
  std::vector<int64_t> ids;

  std::span<const int64_t> row(int64_t b) const { return std::span(ids).subspan(b * tokens, tokens); }
};

} // namespace

static InputIds readIds(const std::string &path, int64_t vocab) {
  SafetensorsFile file = SafetensorsFile::open(path);
  const StoredTensor &stored = file.get("input_ids");
  if (stored.spec.dtype != DType::I64 || stored.spec.shape.size() != 2 || stored.spec.numElements() == 0)
    fail(path, ": tensor 'input_ids': expected I64 [B, T], found ", describe(stored.spec));
  InputIds input{stored.spec.shape[0], stored.spec.shape[1], std::vector<int64_t>(stored.spec.numElements())};
  std::memcpy(input.ids.data(), stored.bytes.data(), stored.bytes.size());
  for (size_t n = 0; n < input.ids.size(); ++n)
    if (input.ids[n] < 0 || input.ids[n] >= vocab)
      fail(path, ": tensor 'input_ids': expected ids below ", vocab, ", found ", input.ids[n], " at index ", n);
  return input;
}

static void readRows(const InputIds &input, int64_t prefilled, Session &session, SafetensorsWriter &out) {
  for (int64_t b = 0; b < input.rows; ++b) {
    session.reset();
    std::span<const int64_t> ids = input.row(b);
    if (prefilled)
      out.append(std::as_bytes(session.read(ids.first(prefilled))));
    for (int64_t id : ids.subspan(prefilled))
      out.append(std::as_bytes(session.readOne(id)));
  }
}

/// A token of all rows at a time. All logits are in memory before they are written.
static void readTogether(const InputIds &input, int64_t prefilled, Backend &backend, const char *weights,
                         SafetensorsWriter &out) {
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<Session *> all;
  std::vector<std::vector<float>> found(input.rows);
  auto keep = [&](int64_t b, std::span<const float> logits) {
    found[b].insert(found[b].end(), logits.begin(), logits.end());
  };
  for (int64_t b = 0; b < input.rows; ++b) {
    all.push_back(sessions.emplace_back(backend.makeSession(weights)).get());
    if (prefilled)
      keep(b, all[b]->read(input.row(b).first(prefilled)));
  }
  for (int64_t t = prefilled; t < input.tokens; ++t) {
    std::vector<int64_t> ids;
    for (int64_t b = 0; b < input.rows; ++b)
      ids.push_back(input.row(b)[t]);
    const std::vector<std::span<float>> logits = all.front()->readTogether(all, ids);
    for (int64_t b = 0; b < input.rows; ++b)
      keep(b, logits[b]);
  }
  for (const std::vector<float> &row : found)
    out.append(std::as_bytes(std::span(row)));
}

static void writeLogits(const LogitsSettings &settings, Backend &backend) {
  const ModelNumbers numbers = backend.numbers();
  checkOneText(numbers);
  catchInterrupts(program_invocation_short_name);
  checkOutput(settings.output, OutputKind::File, {settings.input});
  CarriedModel model = CarriedModel::openToRun(numbers);
  InputIds input = readIds(settings.input, numbers.vocab);
  if (settings.prefill > input.tokens)
    fail("--prefill: expected at most the ", input.tokens, " tokens of a row, found ", settings.prefill);
  if (settings.together && input.rows > backend.mostSessions())
    fail("--together: expected at most ", backend.mostSessions(), " rows, found ", input.rows);
  int64_t prefilled = settings.prefill / numbers.prefillTokens * numbers.prefillTokens;
  int64_t outputs = prefilled ? input.tokens - prefilled + 1 : input.tokens;
  SafetensorsWriter out(settings.output, {{"logits", DType::F32, {input.rows, outputs, numbers.vocab}}});
  const char *weights = weightsFor(model, backend);
  if (settings.together)
    readTogether(input, prefilled, backend, weights, out);
  else
    readRows(input, prefilled, *backend.makeSession(weights), out);
  model.waitForWeights();
  out.commit();
}

void addLogits(CLI::App &app, Backend &backend) {
  auto settings = std::make_shared<LogitsSettings>();
  CLI::App *verb = app.add_subcommand("logits", "Write the logits for given token ids");
  verb->add_option("--input", settings->input, "Safetensors file with input_ids, int64 [B, T]")
      ->required()
      ->type_name("FILE");
  verb->add_option("-o,--output", settings->output, "Safetensors file to write: logits, float32 [B, T, V]")
      ->required()
      ->type_name("FILE");
  addThreads(*verb, backend);
  verb->add_option("--prefill", settings->prefill,
                   "Read the first N tokens of a row by prefill, as far as they fill whole blocks; logits then begin "
                   "at the last of them")
      ->check(within(int64_t{0}, int64_t{1} << 30))
      ->type_name("N");
  if (backend.mostSessions() > 1)
    verb->add_flag("--together", settings->together,
                   "Read a token of all rows at a time, as a server does; the logits are the same");
  verb->callback([settings, &backend] { writeLogits(*settings, backend); });
}

} // namespace xlstm
