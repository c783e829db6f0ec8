//===- Identity.cpp - what a run may be gone on with ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Identity.h"

#include "Trainee.h"

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Data/TensorBytes.h"
#include "xlstm/Support/Error.h"

namespace xlstm {

/// Of params as they are held, or as `as` makes them, one after the other.
static std::string hashOf(const ParamMap &params, at::Tensor (*as)(const at::Tensor &)) {
  ContentHash hash;
  for (const auto &[name, param] : params) {
    hash.update(name);
    hash.update(bytesOf(as(param).cpu().contiguous()));
  }
  return hexDigits(hash.value());
}

std::string hashOf(const ParamMap &params) {
  return hashOf(params, [](const at::Tensor &param) { return param.detach(); });
}

std::string hashOf(const TokenRows &rows) {
  ContentHash hash;
  std::vector<uint64_t> hashes = rows.hashes();
  hash.update(std::as_bytes(std::span(hashes)));
  return hexDigits(hash.value());
}

Json identityOf(const TrainTask &task, const MixedRows &data, const ParamMap &frozen, const ParamMap &initial,
                const TrainOptions &options) {
  const Schedule &rate = options.rate;
  const AdamWOptions &adamw = options.adamw;
  Json settings = {{"steps", options.steps},
                   {"batch", options.batch},
                   {"micro_batch", options.microBatch},
                   {"seed", options.seed},
                   {"precision", options.precision},
                   {"clip", options.clip},
                   {"validate_every", options.validateEvery},
                   {"held_out_batch", options.heldOutBatch},
                   {"rate", {rate.peak, rate.final, rate.warmup, rate.cosine}},
                   {"adamw", {adamw.beta1, adamw.beta2, adamw.eps, adamw.weightDecay, adamw.decayAll}},
                   {"new", {options.newRate().peak, adamw.newWeightDecay.value_or(adamw.weightDecay)}},
                   {"trained", int(options.trained)},
                   {"lora", options.trained == Trained::Lora ? options.lora.passOptions() : ""}};
  if (options.patience > 0)
    settings["patience"] = options.patience;
  if (options.scoreEvery > 0)
    settings["score_every"] = options.scoreEvery;
  return {{"task", task.name},
          {"options", settings},
          {"rows", hashOf(data.rows)},
          {"counts", data.counts},
          {"weights", data.weights},
          {"frozen", hashOf(frozen)},
          {"initial", hashOf(initial, asTrained)},
          {"more", task.identity}};
}

/// What a run may have otherwise that goes on for longer: how long, rows that come later, and the warm-up, which may
/// follow from how long: rates are compared as numbers.
static bool growsWith(const std::string &key) {
  for (const char *grows : {"/options/steps", "/options/rate/2", "/rows", "/counts"})
    if (key.starts_with(grows))
      return true;
  return false;
}

bool isGrown(const Json &found, const Json &expected) {
  Json was = found.flatten(), is = expected.flatten();
  for (const auto &[key, value] : is.items()) {
    auto before = was.find(key);
    if ((before == was.end() || *before != value) && !growsWith(key))
      return false;
  }
  return found.at("options").at("steps") != expected.at("options").at("steps");
}

std::optional<int64_t> stepOfOtherRate(const Json &was, const TrainOptions &options, int64_t steps) {
  int64_t before = was.at("options").at("steps");
  auto numbers = was.at("options").at("rate");
  Schedule rate{numbers.at(0), numbers.at(1), numbers.at(2), numbers.at(3)}, newRate = rate;
  newRate.peak = was.at("options").at("new").at(0);
  for (int64_t n = 0; n < std::min(steps, options.steps); ++n)
    if (rate.at(n, before) != options.rate.at(n, options.steps) ||
        newRate.at(n, before) != options.newRate().at(n, options.steps))
      return n;
  return std::nullopt;
}

void checkIdentity(const Json &found, const Json &expected, const std::filesystem::path &folder) {
  Json was = found.flatten(), is = expected.flatten();
  for (const auto &[key, value] : is.items())
    if (auto before = was.find(key); before == was.end() || *before != value)
      fail(folder.string(), ": the run here was begun with ", key, " = ",
           before == was.end() ? "nothing" : before->dump(), ", now it is ", value.dump(),
           "; remove the folder to begin anew");
}

} // namespace xlstm
