//===- Model.cpp - the model that this executable carries -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Model.h"
#include "xlstm/Runtime/Deploy/CpuFeatures.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cctype>

namespace xlstm {

static constexpr const char *self = "/proc/self/exe";

void CarriedModel::readMetadata() {
  payload->check(section::Metadata);
  Json metadata = parseJson(payload->textOf(section::Metadata), "metadata of the executable");
  name = metadata.value("name", "");
  kind = metadata.value("kind", "");
  target = metadata.value("target", "");
  cpu = metadata.value("cpu", "");
  features = metadata.value("features", features);
  abi = metadata.value("abi", abi);
  endTokens = metadata.value("eos", std::vector<int32_t>());
  if (auto chat = metadata.find("chat"); chat != metadata.end()) {
    chatTemplate = chat->value("template", "");
    chatToolTemplate = chat->value("tool_template", "");
    chatTokens = chat->value("tokens", chatTokens);
  }
}

CarriedModel CarriedModel::open(const ModelNumbers &numbers) {
  std::optional<Payload> payload = Payload::find(MappedFile::open(self), "this executable");
  if (!payload || !payload->isRecorded())
    fail("this executable carries no model: it was truncated or stripped; compile the model again");
  payload->check(section::Program);
  if (uint64_t found = payload->bytesOf(section::Weights).size(); found != numbers.carriedBytes || !numbers.isKnownAbi)
    fail("this executable is damaged: expected ", numbers.carriedBytes, " bytes of weights, found ", found,
         "; compile the model again");
  CarriedModel model;
  model.payload = std::make_shared<Payload>(std::move(*payload));
  model.readMetadata();
  return model;
}

static std::string inCapitals(const std::vector<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

CarriedModel CarriedModel::openToRun(const ModelNumbers &numbers) {
  CarriedModel model = open(numbers);
  if (std::vector<std::string> missing = missingCpuFeatures(model.features); !missing.empty())
    fail("this program needs a CPU of ", model.cpu, " (", inCapitals(model.features), "); this machine lacks ",
         inCapitals(missing), "; 'xlstm compile --cpu' makes one for another CPU");
  return model;
}

const char *CarriedModel::weights() {
  if (!check)
    check = std::make_shared<WeightCheck>(payload);
  return payload->textOf(section::Weights).data();
}

const char *CarriedModel::fastWeights() {
  uint64_t bytes = payload->bytesOf(section::Weights).size();
  if (check || !HugeMemory::isWorthACopy(bytes))
    return copy ? copy->data() : weights();
  copy = std::make_shared<HugeMemory>(bytes);
  check = std::make_shared<WeightCheck>(payload, copy->data());
  check->wait();
  return copy->data();
}

void CarriedModel::waitForWeights() {
  weights();
  check->wait();
}

Tokenizer CarriedModel::makeTokenizer() const {
  if (!hasTokenizer())
    fail("this executable carries no tokenizer: it works on token ids (--prompt-ids with --ids, logits, bench)");
  payload->check(section::Tokenizer);
  return Tokenizer::parse(payload->textOf(section::Tokenizer), "tokenizer of the executable");
}

void CarriedModel::verify() const { payload->checkAll(); }

} // namespace xlstm
