//===- SafetensorsWriter.cpp - write safetensors files --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/SafetensorsFormat.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/Safetensors.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <set>

using namespace xlstm;

/// Where tensor data begins, for readers that load whole vectors.
static constexpr size_t alignment = 64;

/// Length and JSON. Built as text: an ordered Json would search every name linearly.
std::string xlstm::safetensorsHeader(const std::filesystem::path &path, const std::vector<TensorSpec> &specs,
                                     const std::map<std::string, std::string> &metadata, uint64_t &total) {
  std::set<std::string_view> names;
  std::string json;
  if (!metadata.empty())
    json = "\"__metadata__\":" + nlohmann::json(metadata).dump();
  total = 0;
  for (const TensorSpec &spec : specs) {
    if (spec.name == "__metadata__" || !names.insert(spec.name).second)
      fail(path.string(), ": the tensor name ", quote(spec.name), " is taken");
    Json entry{{"dtype", std::string(safetensorsName(spec.dtype))},
               {"shape", spec.shape},
               {"data_offsets", {total, total + spec.numBytes()}}};
    json += (json.empty() ? "" : ",") + Json(spec.name).dump() + ":" + entry.dump();
    total += spec.numBytes();
  }
  json = "{" + json + "}";
  json.append((alignment - (lengthBytes + json.size()) % alignment) % alignment, ' ');
  if (json.size() > maxHeader)
    fail(path.string(), ": a header of ", json.size(), " bytes is over the format's limit of ", maxHeader);
  std::string length;
  for (size_t n = 0; n < lengthBytes; ++n)
    length += char(uint64_t(json.size()) >> (8 * n) & 0xFF);
  return length + json;
}

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path &path, const std::vector<TensorSpec> &specs,
                                     const std::map<std::string, std::string> &metadata)
    : out(path), path(path) {
  out.write(safetensorsHeader(path, specs, metadata, remaining));
}

void SafetensorsWriter::append(std::span<const std::byte> bytes) {
  if (bytes.size() > remaining)
    fail(path.string(), ": ", bytes.size() - remaining, " bytes more than the tensors announced");
  out.write(bytes);
  remaining -= bytes.size();
}

void SafetensorsWriter::commit() {
  if (remaining)
    fail(path.string(), ": ", remaining, " bytes of the tensors announced were not written");
  out.commit();
}
