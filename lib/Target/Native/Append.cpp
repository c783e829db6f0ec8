//===- Append.cpp - the model behind a linked program ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Native/Append.h"
#include "lib/Target/Native/ConvertFloats.h"
#include "xlstm/Runtime/Deploy/Payload.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/ChatFiles.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

namespace xlstm {

namespace {

/// Writes one part after the other and notes where they lie.
class PayloadWriter {
public:
  explicit PayloadWriter(AtomicFile &out) : out(out) {}

  void write(std::span<const std::byte> bytes) {
    out.write(bytes);
    position += bytes.size();
  }
  void pad(uint64_t target) {
    static constexpr std::byte zeros[payloadAlignment] = {};
    while (position < target)
      write(std::span(zeros).first(std::min<uint64_t>(sizeof zeros, target - position)));
  }
  PayloadPart writePart(std::string_view text) {
    PayloadPart part{position, text.size(), 0};
    Checksum checksum;
    checksum.add(std::as_bytes(std::span(text)));
    part.checksum = checksum.value();
    write(std::as_bytes(std::span(text)));
    return part;
  }
  PayloadPart writeWeights(const ModelObject &object, const Bundle &bundle);

  uint64_t position = 0;

private:
  AtomicFile &out;
};

/// Files in the folder that say when to stop, the first that does.
constexpr const char *configFiles[] = {"generation_config.json", "config.json"};

} // namespace

PayloadPart PayloadWriter::writeWeights(const ModelObject &object, const Bundle &bundle) {
  pad((position + payloadAlignment - 1) / payloadAlignment * payloadAlignment);
  PayloadPart part{position, object.weightBytes, 0};
  Checksum checksum;
  auto append = [&](std::span<const std::byte> bytes) { // zeros after the bytes belong to their last word
    checksum.add(bytes);
    write(bytes);
  };
  static constexpr std::byte zeros[64] = {};
  for (size_t i = 0; i < object.weights.size(); ++i) {
    const WeightPlacement &weight = object.weights[i];
    const StoredTensor &stored = bundle.weights.get(weight.tensor.name);
    if (stored.spec.dtype != weight.tensor.dtype || stored.spec.shape != weight.tensor.shape)
      fail(bundle.folder.string(), ": tensor '", weight.tensor.name, "': expected ", describe(weight.tensor),
           ", found ", describe(stored.spec));
    convertFloats(stored.bytes, stored.spec.dtype, weight.type, append);
    uint64_t end = part.offset + (i + 1 < object.weights.size() ? object.weights[i + 1].offset : part.bytes);
    uint64_t whole = (position + 7) / 8 * 8;
    write(std::span(zeros).first(whole - position));
    append(std::span(zeros).first(end - position));
  }
  part.checksum = checksum.value();
  return part;
}

/// Token ids that end a text: eos_token_id, a number or a list.
static Json readEndTokens(const Bundle &bundle) {
  for (const char *name : configFiles) {
    std::filesystem::path file = bundle.folder / name;
    if (!std::filesystem::exists(file))
      continue;
    Json config = readJsonFile(file);
    auto it = config.find("eos_token_id");
    if (it == config.end() || it->is_null())
      continue;
    Json ids = it->is_array() ? *it : Json::array({*it});
    for (const Json &id : ids)
      if (!id.is_number_integer())
        fail(file.string(), ": eos_token_id: expected a token id or a list of them, found ", it->dump());
    return ids;
  }
  return Json::array();
}

static std::string nameOf(const std::filesystem::path &path) {
  return std::filesystem::absolute(path).lexically_normal().filename().string();
}

static Json describeTarget(const TargetFacts &facts) {
  return {{"target", facts.target}, {"cpu", facts.cpu}, {"features", facts.features}, {"abi", facts.abi}};
}

static std::string makeMetadata(const ModelObject &object, const Bundle &bundle) {
  Json metadata = describeTarget(object.facts);
  metadata["name"] = nameOf(bundle.folder);
  metadata["kind"] = bundle.kind;
  metadata["eos"] = readEndTokens(bundle);
  if (std::optional<ChatFiles> chat = findChatTemplate(bundle.folder))
    metadata["chat"] = {{"template", chat->text}, {"tool_template", chat->toolText}, {"tokens", chat->specialTokens}};
  return metadata.dump();
}

/// Writes program, weights, tokenizer and metadata, and the footer that finds them.
template <typename WriteWeights>
static void append(const std::filesystem::path &program, const std::filesystem::path &output, WriteWeights writeWeights,
                   std::string_view tokenizer, std::string_view metadata) {
  AtomicFile out(output);
  out.makeExecutable();
  PayloadWriter writer(out);
  writer.write(MappedFile::open(program)->bytes());
  PayloadFooter footer = {};
  footer.weights = writeWeights(writer);
  footer.tokenizer = writer.writePart(tokenizer);
  footer.metadata = writer.writePart(metadata);
  footer.fileBytes = writer.position + sizeof footer;
  footer.checksum = footerChecksum(footer);
  std::memcpy(footer.magic, payloadMagic, sizeof footer.magic);
  out.write(std::as_bytes(std::span(&footer, 1)));
  out.commit();
}

void appendModel(const std::filesystem::path &program, const ModelObject &object, const Bundle &bundle,
                 const std::filesystem::path &output) {
  std::string metadata = makeMetadata(object, bundle), tokenizer = readTextFile(bundle.tokenizerFile());
  append(
      program, output, [&](PayloadWriter &writer) { return writer.writeWeights(object, bundle); }, tokenizer, metadata);
}

void appendShape(const std::filesystem::path &program, const ModelObject &object, const std::filesystem::path &source,
                 const std::filesystem::path &output) {
  Json metadata = describeTarget(object.facts);
  metadata["name"] = nameOf(source);
  metadata["kind"] = "shape";
  append(program, output, [](PayloadWriter &writer) { return writer.writePart(""); }, "", metadata.dump());
}

} // namespace xlstm
