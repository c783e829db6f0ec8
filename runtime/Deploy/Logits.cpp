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

static void writeLogits(const LogitsSettings &settings, Backend &backend) {
  const ModelNumbers numbers = backend.numbers();
  checkOneText(numbers);
  catchInterrupts(program_invocation_short_name);
  checkOutput(settings.output, OutputKind::File, {settings.input});
  CarriedModel model = CarriedModel::openToRun(numbers);
  InputIds input = readIds(settings.input, numbers.vocab);
  if (settings.prefill > input.tokens)
    fail("--prefill: expected at most the ", input.tokens, " tokens of a row, found ", settings.prefill);
  int64_t prefilled = settings.prefill / numbers.prefillTokens * numbers.prefillTokens;
  int64_t outputs = prefilled ? input.tokens - prefilled + 1 : input.tokens;
  SafetensorsWriter out(settings.output, {{"logits", DType::F32, {input.rows, outputs, numbers.vocab}}});
  std::unique_ptr<Session> session = backend.makeSession(weightsFor(model, backend));
  for (int64_t b = 0; b < input.rows; ++b) {
    session->reset();
    std::span<const int64_t> ids = input.row(b);
    if (prefilled)
      out.append(std::as_bytes(session->read(ids.first(prefilled))));
    for (int64_t id : ids.subspan(prefilled))
      out.append(std::as_bytes(session->readOne(id)));
  }
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
  verb->callback([settings, &backend] { writeLogits(*settings, backend); });
}

} // namespace xlstm
