//===- GgufWriter.cpp - write GGUF files ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/GgufWriter.h"

#include "xlstm/Runtime/Files/Floats.h"
#include "xlstm/Runtime/Files/Gguf.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <bit>

namespace xlstm {

static_assert(std::endian::native == std::endian::little);

namespace {

constexpr uint64_t alignment = 32; // the format's own where a file names none

template <typename T>
void put(std::string &to, T value) {
  to.append(reinterpret_cast<const char *>(&value), sizeof value);
}

void putText(std::string &to, std::string_view text) {
  put(to, uint64_t(text.size()));
  to += text;
}

uint64_t gap(uint64_t bytes) { return (alignment - bytes % alignment) % alignment; }

} // namespace

void GgufWriter::addText(std::string_view key, std::string_view value) {
  putText(keys, key);
  put(keys, uint32_t(GgufType::String));
  putText(keys, value);
  ++numKeys;
}

void GgufWriter::addNumber(std::string_view key, uint32_t value) {
  putText(keys, key);
  put(keys, uint32_t(GgufType::UInt32));
  put(keys, value);
  ++numKeys;
}

void GgufWriter::addTensor(const StoredTensor &tensor) {
  const TensorSpec &spec = tensor.spec;
  auto refuse = [&](const auto &...what) {
    fail(path.string(), ": tensor ", quote(spec.name), " cannot be in a GGUF file: expected ", what...);
  };
  if (spec.name.size() > 64)
    refuse("a name of 64 bytes at most, found ", spec.name.size());
  if (spec.shape.empty() || spec.shape.size() > 4)
    refuse("1 to 4 dimensions, found ", spec.shape.size());
  if (!isWeightType(spec.dtype))
    refuse("F32, F16 or BF16, found ", safetensorsName(spec.dtype));
  putText(descriptions, spec.name);
  put(descriptions, uint32_t(spec.shape.size()));
  for (auto size = spec.shape.rbegin(); size != spec.shape.rend(); ++size) // the fastest first
    put(descriptions, uint64_t(*size));
  put(descriptions, findGgmlType(safetensorsName(spec.dtype))->number);
  put(descriptions, dataBytes);
  dataBytes += tensor.bytes.size() + gap(tensor.bytes.size());
  tensors.push_back(&tensor);
}

void GgufWriter::commit() {
  std::string head = "GGUF";
  put(head, uint32_t{3});
  put(head, uint64_t(tensors.size()));
  put(head, numKeys);
  head += keys + descriptions;
  head.append(gap(head.size()), '\0');
  out.write(head);
  for (const StoredTensor *tensor : tensors) {
    out.write(tensor->bytes);
    out.write(std::string(gap(tensor->bytes.size()), '\0'));
  }
  out.commit();
}

} // namespace xlstm
