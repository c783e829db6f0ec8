//===- Sampling.cpp - how a request wants its answers written --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Sampling.h"
#include "xlstm/Support/Number.h"

#include <random>

namespace xlstm::serve {

constexpr int64_t mostChoices = 32, mostStops = 16, mostBiases = 1024;
constexpr size_t longestStop = 1024, mostAnswers = 1024;

// The rest of what OpenAI's and llama.cpp's clients send: what changes no answer may have any value, everything else
// that of a server without it.
static constexpr const char *known[] = {
    "model", "max_tokens", "n_predict", "temperature", "top_p", "top_k", "n", "seed", "stop", "logit_bias", "stream",
    "stream_options", "presence_penalty", "frequency_penalty", "logprobs", "ignore_eos", "response_format",
    // of no consequence here
    "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
    "cache_prompt", "timings_per_token", "return_progress", "skip_special_tokens", "spaces_between_special_tokens"};
static constexpr NeutralField neutral[] = {
    {"min_p", "0"},          {"typical_p", "1"},           {"repeat_penalty", "1"},      {"repetition_penalty", "1"},
    {"mirostat", "0"},       {"dynatemp_range", "0"},      {"xtc_probability", "0"},     {"dry_multiplier", "0"},
    {"length_penalty", "1"}, {"use_beam_search", "false"}, {"suffix", "\"\""},           {"id_slot", "-1"},
    {"grammar", "\"\""},     {"min_tokens", "0"},          {"modalities", "[\"text\"]"}, {"best_of", "1"}};

void checkFields(const Fields &fields, std::span<const char *const> own) {
  std::vector<const char *> names(std::begin(known), std::end(known));
  names.insert(names.end(), own.begin(), own.end());
  fields.checkNames(names, neutral);
}

static std::vector<std::pair<int32_t, float>> readBias(const Fields &fields, int64_t vocab) {
  std::vector<std::pair<int32_t, float>> bias;
  const Json *found = fields.find("logit_bias");
  if (!found)
    return bias;
  if (!found->is_object() || found->size() > mostBiases)
    fields.refuse("logit_bias", "an object of " + std::to_string(mostBiases) + " tokens at most", found);
  for (const auto &[name, value] : found->items()) {
    const std::optional<int32_t> id = toNumber<int32_t>(name);
    if (!id || *id < 0 || *id >= vocab)
      fields.refuse("logit_bias", "token ids from 0 to " + std::to_string(vocab - 1) + " as names, found '" +
                                      name.substr(0, 20) + "'");
    if (!value.is_number() || !(std::abs(value.get<double>()) <= 100))
      fields.refuse("logit_bias." + name, "a number from -100 to 100", &value);
    bias.emplace_back(*id, value.get<float>());
  }
  return bias;
}

static std::vector<std::string> readStops(const Fields &fields) {
  std::vector<std::string> stops = fields.texts("stop", mostStops);
  std::erase(stops, "");
  for (const std::string &stop : stops)
    if (stop.size() > longestStop)
      fields.refuse("stop", "strings of " + std::to_string(longestStop) + " bytes at most");
  return stops;
}

/// Whether the answer has to be a JSON object.
static bool wantsJson(const Fields &fields) {
  const Json *format = fields.find("response_format");
  if (!format)
    return false;
  const Fields inner(*format, "response_format.");
  const std::string type = inner.text("type");
  if (type != "text" && type != "json_object")
    inner.refuse("type", "'text' or 'json_object': nothing keeps this model to a schema", &(*format)["type"]);
  return type == "json_object";
}

Sampling readSampling(const Fields &fields, const Service &service, int64_t otherwise) {
  constexpr int64_t any = int64_t{1} << 40;
  const int64_t limit = service.options.mostTokens;
  Sampling result;
  WritingOptions &writing = result.writing;
  int64_t most = otherwise;
  for (const char *name : {"n_predict", "max_tokens", "max_completion_tokens"})
    most = fields.integer(name, most, -1, any);
  writing.most = most < 0 ? limit : std::min(most, limit);
  writing.sampler.temperature = fields.number("temperature", 1, 0, 100);
  writing.sampler.topP = fields.number("top_p", 1, 0, 1);
  if (writing.sampler.topP == 0) // OpenAI's clients mean the likeliest by it
    writing.sampler.temperature = 0, writing.sampler.topP = 1;
  const int64_t topK = fields.integer("top_k", 0, -1, INT32_MAX);
  writing.sampler.topK = static_cast<int32_t>(std::max<int64_t>(topK, 0));
  const int64_t seed = fields.integer("seed", -1, INT64_MIN, INT64_MAX);
  writing.sampler.seed = seed == -1 ? std::random_device()() : static_cast<uint64_t>(seed);
  writing.presence = fields.number("presence_penalty", 0, -2, 2);
  writing.frequency = fields.number("frequency_penalty", 0, -2, 2);
  writing.ignoresEnd = fields.flag("ignore_eos", false);
  writing.bias = readBias(fields, service.model.vocab);
  writing.stops = readStops(fields);
  if (!writing.stops.empty())
    service.tokenizer();
  if (wantsJson(fields))
    writing.json = service.tokenBytes();
  result.choices = static_cast<int>(fields.integer("n", 1, 1, mostChoices));
  result.isStream = fields.flag("stream", false);
  if (const Json *stream = fields.find("stream_options")) {
    if (!result.isStream)
      fields.refuse("stream_options", "none where nothing is streamed", stream);
    result.countsUsage = Fields(*stream, "stream_options.").flag("include_usage", false);
  }
  return result;
}

void submit(const Exchange &exchange, const std::vector<std::shared_ptr<const Tokens>> &prompts,
            const Sampling &sampling, const std::shared_ptr<Gather> &gather, bool scoresPrompts, bool readsAnswers) {
  Service &service = exchange.service;
  const int64_t most = service.model.cacheTokens;
  if (prompts.size() * static_cast<size_t>(sampling.choices) > mostAnswers)
    throw ApiError(400, "n: expected " + std::to_string(mostAnswers) + " answers of a request at most", "n");
  std::vector<std::shared_ptr<Job>> jobs;
  size_t total = 0;
  for (size_t n = 0; n < prompts.size(); ++n) {
    const auto length = static_cast<int64_t>(prompts[n]->size());
    if (length == 0)
      throw ApiError(400, "the prompt is empty", "prompt");
    if (most && length > most)
      throw ApiError(
          400, "the prompt has " + std::to_string(length) + " tokens, the model has room for " + std::to_string(most),
          "prompt");
    total += prompts[n]->size();
    auto job = std::make_shared<Job>();
    job->prompt = prompts[n];
    job->choices = sampling.choices;
    job->options = sampling.writing;
    if (most) // the last token is written, not read
      job->options.most = std::min(job->options.most, most - length + 1);
    job->scoresPrompt = scoresPrompts;
    job->readsAnswer = readsAnswers;
    job->listener = gather->listenTo(n);
    if (service.options.timeout)
      job->deadline = exchange.start + std::chrono::seconds(service.options.timeout);
    jobs.push_back(std::move(job));
  }
  gather->setJobs(jobs);
  gather->setPromptTokens(total);
  exchange.responder->onGone(
      [jobs, &service, method = exchange.request.method, path = exchange.request.path, start = exchange.start] {
        for (const std::shared_ptr<Job> &job : jobs)
          job->isGone = true;
        service.engine.wake();
        service.log.write(method, path, 499, start, "the client has left"); // nginx's number for it
      });
  switch (service.engine.submit(jobs)) {
  case Engine::Verdict::Taken:
    return;
  case Engine::Verdict::Full:
    throw ApiError(503, "the server is busy: as many requests wait as may");
  case Engine::Verdict::Closing:
    throw ApiError(503, shuttingDown);
  }
}

} // namespace xlstm::serve
