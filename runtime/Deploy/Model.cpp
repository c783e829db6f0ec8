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

std::span<const std::byte> CarriedModel::bytesOf(const PayloadPart &part) const {
  return file->bytes().subspan(part.offset, part.bytes);
}

void CarriedModel::checkPart(const PayloadPart &part, const char *what) const {
  Checksum checksum;
  checksum.add(bytesOf(part));
  if (checksum.value() != part.checksum)
    fail("this executable is damaged: its ", what, " differs from what was put in; compile the model again");
}

void CarriedModel::checkFooter(const ModelNumbers &numbers) {
  std::span<const std::byte> bytes = file->bytes();
  if (bytes.size() < sizeof footer)
    fail("this executable is damaged: it is too short to carry a model");
  std::memcpy(&footer, bytes.data() + bytes.size() - sizeof footer, sizeof footer);
  if (std::memcmp(footer.magic, payloadMagic, sizeof footer.magic) != 0)
    fail("this executable carries no model: it was truncated or stripped; compile the model again");
  if (footerChecksum(footer) != footer.checksum)
    fail("this executable is damaged: the footer behind its model was changed; compile the model again");
  if (footer.fileBytes != bytes.size())
    fail("this executable is damaged: expected ", footer.fileBytes, " bytes, found ", bytes.size(),
         "; compile the model again");
  for (const PayloadPart *part : {&footer.weights, &footer.tokenizer, &footer.metadata})
    if (part->offset > bytes.size() || part->bytes > bytes.size() - part->offset)
      fail("this executable is damaged: a part of its model lies outside of the file; compile the model again");
  if (footer.weights.bytes != numbers.carriedBytes || !numbers.isKnownAbi)
    fail("this executable is damaged: expected ", numbers.carriedBytes, " bytes of weights, found ",
         footer.weights.bytes, "; compile the model again");
}

void CarriedModel::readMetadata() {
  checkPart(footer.metadata, "metadata");
  std::span<const std::byte> bytes = bytesOf(footer.metadata);
  Json metadata = parseJson({reinterpret_cast<const char *>(bytes.data()), bytes.size()}, "metadata of the executable");
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
  CarriedModel model;
  model.file = MappedFile::open(self);
  model.checkFooter(numbers);
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

Tokenizer CarriedModel::makeTokenizer() const {
  if (footer.tokenizer.bytes == 0)
    fail("this executable carries no tokenizer: it has bench and logits only");
  checkPart(footer.tokenizer, "tokenizer");
  std::span<const std::byte> bytes = bytesOf(footer.tokenizer);
  return Tokenizer::parse({reinterpret_cast<const char *>(bytes.data()), bytes.size()}, "tokenizer of the executable");
}

void CarriedModel::verify() const {
  checkPart(footer.weights, "weights");
  checkPart(footer.tokenizer, "tokenizer");
}

} // namespace xlstm
