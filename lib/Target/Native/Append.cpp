//===- Append.cpp - the model behind a linked program ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Native/Append.h"
#include "lib/Target/Native/PlaceWeight.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/ChatFiles.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/Payload.h"
#include "xlstm/Runtime/Files/SpecialIds.h"
#include "xlstm/Support/Error.h"

#include <limits>

namespace xlstm {

static void writeWeights(PayloadWriter &writer, const ModelObject &object, const Bundle &bundle) {
  uint64_t begin = writer.position();
  for (const WeightPlacement &weight : object.weights) {
    const StoredTensor &stored = bundle.weights.get(weight.tensor.name);
    if (stored.spec.dtype != weight.tensor.dtype || stored.spec.shape != weight.tensor.shape)
      fail(bundle.folder.string(), ": tensor '", weight.tensor.name, "': expected ", describe(weight.tensor),
           ", found ", describe(stored.spec));
    writer.pad(begin + weight.offset);
    placeWeight(weight, stored.bytes, [&](std::span<const std::byte> bytes) { writer.write(bytes); });
  }
  writer.pad(begin + object.weightBytes);
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
  metadata["eos"] = SpecialIds::read(bundle.folder, std::numeric_limits<int32_t>::max()).eos;
  if (std::optional<ChatFiles> chat = findChatTemplate(bundle.folder))
    metadata["chat"] = {{"template", chat->text}, {"tool_template", chat->toolText}, {"tokens", chat->specialTokens}};
  return metadata.dump();
}

/// Writes program, weights, tokenizer and metadata, and the table that finds them.
static void append(const std::filesystem::path &program, const std::filesystem::path &output,
                   const std::function<void(PayloadWriter &)> &writeWeights, std::string_view tokenizer,
                   std::string_view metadata) {
  AtomicFile out(output);
  out.makeExecutable();
  PayloadWriter writer(out);
  writer.addSection(section::Program, [&] {
    writer.write(MappedFile::open(program)->bytes());
    writer.pad((writer.position() + payloadAlignment - 1) / payloadAlignment * payloadAlignment);
  });
  writer.addWeights([&] { writeWeights(writer); });
  writer.addSection(section::Tokenizer, tokenizer);
  writer.addSection(section::Metadata, metadata);
  writer.finish();
  out.commit();
}

void appendModel(const std::filesystem::path &program, const ModelObject &object, const Bundle &bundle,
                 const std::filesystem::path &output) {
  std::string metadata = makeMetadata(object, bundle), tokenizer;
  if (bundle.hasTokenizer())
    tokenizer = readTextFile(bundle.tokenizerFile());
  append(
      program, output, [&](PayloadWriter &writer) { writeWeights(writer, object, bundle); }, tokenizer, metadata);
}

void appendShape(const std::filesystem::path &program, const ModelObject &object, const std::filesystem::path &source,
                 const std::filesystem::path &output) {
  Json metadata = describeTarget(object.facts);
  metadata["name"] = nameOf(source);
  metadata["kind"] = "shape";
  append(
      program, output, [](PayloadWriter &) {}, "", metadata.dump());
}

} // namespace xlstm
