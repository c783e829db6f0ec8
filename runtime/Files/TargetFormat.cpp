//===- TargetFormat.cpp - targets.json ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/TargetFormat.h"

#include "runtime/Files/TargetShard.h"
#include "xlstm/Runtime/Files/FileHash.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace xlstm {

constexpr int64_t mostBlockTokens = 128;

int64_t TargetFormat::blockTokens() const { return std::gcd(std::gcd(context, lookBack), mostBlockTokens); }
int64_t TargetFormat::beginFor(int64_t at) const {
  int64_t step = context - lookBack;
  return at < context ? 0 : (at - context) / step * step + step;
}
int64_t TargetFormat::tokenBytes() const { return int64_t(TargetCode(vocabulary, k, logprobs).bytes()); }

void TargetFormat::setContext(int64_t length, int64_t most) {
  constexpr int64_t enough = 8192; // logits of all of it are in memory at once
  lookBack = (length + mostBlockTokens - 1) / mostBlockTokens * mostBlockTokens;
  context = std::max(2 * lookBack, std::min(4 * lookBack, enough));
  if (most == 0 || context <= most)
    return;
  context = most < 2 * mostBlockTokens ? std::max<int64_t>(2, int64_t(std::bit_floor(uint64_t(most))))
                                       : most / (2 * mostBlockTokens) * (2 * mostBlockTokens);
  lookBack = std::min(lookBack, context / 2);
}

static Json jsonOf(const TargetFormat &format) {
  return {{"format", targetStoreVersion},    {"k", format.k},
          {"vocabulary", format.vocabulary}, {"logprobs", safetensorsName(format.logprobs)},
          {"context", format.context},       {"look_back", format.lookBack},
          {"teacher", format.teacher},       {"tokenizer", format.tokenizer}};
}

std::string textOf(const TargetFormat &format) { return jsonOf(format).dump(1) + "\n"; }
std::string storeHash(const TargetFormat &format) {
  std::string text = textOf(format);
  return hexDigits(hashOf(std::as_bytes(std::span(text))));
}

static int64_t readCount(const Json &manifest, const char *key, int64_t most, const std::filesystem::path &file) {
  auto found = manifest.find(key);
  if (found == manifest.end() || !found->is_number_integer() || *found < 1 || *found > most)
    fail(file.string(), ": '", key, "': expected an integer from 1 to ", most, ", found ",
         found == manifest.end() ? "nothing" : found->dump());
  return found->get<int64_t>();
}

static std::string readText(const Json &manifest, const char *key, const std::filesystem::path &file) {
  auto found = manifest.find(key);
  if (found == manifest.end() || !found->is_string())
    fail(file.string(), ": '", key, "': expected a string, found ",
         found == manifest.end() ? "nothing" : found->dump());
  return found->get<std::string>();
}

TargetFormat TargetFormat::read(const std::filesystem::path &folder) {
  std::filesystem::path file = targetManifest(folder);
  Json manifest = readJsonFile(file);
  if (!manifest.is_object())
    fail(file.string(), ": expected an object");
  if (int64_t format = readCount(manifest, "format", 1 << 20, file); format != targetStoreVersion)
    fail(file.string(), ": 'format': expected ", targetStoreVersion, ", found ", format);
  TargetFormat format;
  format.vocabulary = readCount(manifest, "vocabulary", int64_t{1} << 31, file);
  format.k = readCount(manifest, "k", format.vocabulary, file);
  format.context = readCount(manifest, "context", int64_t{1} << 31, file);
  format.lookBack = readCount(manifest, "look_back", format.context - 1, file);
  std::string type = readText(manifest, "logprobs", file);
  if (type != "F16" && type != "F32")
    fail(file.string(), ": 'logprobs': expected F16 or F32, found ", type);
  format.logprobs = type == "F16" ? DType::F16 : DType::F32;
  format.teacher = readText(manifest, "teacher", file);
  format.tokenizer = readText(manifest, "tokenizer", file);
  return format;
}

void checkFormat(const TargetFormat &found, const TargetFormat &expected, const std::filesystem::path &folder) {
  Json is = jsonOf(found), wanted = jsonOf(expected);
  for (const char *key : {"teacher", "tokenizer", "vocabulary", "k", "logprobs", "context", "look_back"})
    if (is[key] != wanted[key])
      fail(folder.string(), ": the store has targets of another ", key, ": expected ", wanted[key].dump(), ", found ",
           is[key].dump(), "; name another folder, or remove this one");
}

} // namespace xlstm
