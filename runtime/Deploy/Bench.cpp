//===- Bench.cpp - the verb bench: how fast the compiled model runs -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tests and their names are those of llama-bench: ppN reads a prompt of N tokens, tgN writes N tokens one by one,
// "@ dN" does so after N tokens of the same text.

#include "runtime/Deploy/Model.h"
#include "runtime/Deploy/Session.h"
#include "runtime/Deploy/Verbs.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include <chrono>
#include <cmath>

namespace xlstm {

namespace {

struct BenchSettings {
  std::vector<int64_t> prompts = {512}, generated = {128}, depths = {0};
  int64_t repetitions = 5;
  std::string format = "md";
};

struct BenchTest {
  int64_t prompt, generated, depth;

  std::string name() const {
    std::string text = prompt ? "pp" + std::to_string(prompt) : "tg" + std::to_string(generated);
    return depth ? text + " @ d" + std::to_string(depth) : text;
  }
};

/// Tokens a second, one value a repetition.
struct BenchResult {
  BenchTest test;
  std::vector<double> samples;

  double mean() const {
    double sum = 0;
    for (double sample : samples)
      sum += sample;
    return sum / static_cast<double>(samples.size());
  }
  double deviation() const {
    if (samples.size() < 2)
      return 0;
    double center = mean(), sum = 0;
    for (double sample : samples)
      sum += (sample - center) * (sample - center);
    return std::sqrt(sum / static_cast<double>(samples.size() - 1));
  }
};

} // namespace

/// Tokens without meaning; the work does not depend on which they are.
static std::vector<int64_t> makeTokens(int64_t count) {
  std::vector<int64_t> ids(count);
  uint64_t state = 1;
  for (int64_t &id : ids) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    id = static_cast<int64_t>(state >> 33) % xlstm_model.vocab;
  }
  return ids;
}

/// Seconds of the part that is measured.
static double runOnce(Session &session, const BenchTest &test) {
  std::vector<int64_t> before = makeTokens(test.depth), ids = makeTokens(test.prompt + test.generated);
  session.reset();
  if (!before.empty())
    session.read(before);
  auto start = std::chrono::steady_clock::now();
  if (test.prompt)
    session.read(ids);
  else
    for (int64_t id : ids)
      session.readOne(id);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

static BenchResult measure(Session &session, const BenchTest &test, int64_t repetitions) {
  BenchResult result{test, {}};
  runOnce(session, test); // warm-up: weights come into memory
  for (int64_t i = 0; i < repetitions; ++i)
    result.samples.push_back(static_cast<double>(test.prompt + test.generated) / runOnce(session, test));
  return result;
}

static std::vector<BenchTest> listTests(const BenchSettings &settings) {
  std::vector<BenchTest> tests;
  for (int64_t depth : settings.depths) {
    for (int64_t prompt : settings.prompts)
      if (prompt)
        tests.push_back({prompt, 0, depth});
    for (int64_t generated : settings.generated)
      if (generated)
        tests.push_back({0, generated, depth});
  }
  return tests;
}

static std::string formatNumber(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

static void printTable(const CarriedModel &model, const std::vector<BenchResult> &results) {
  constexpr double MiB = 1 << 20;
  writeOut("| model | size MiB | state MiB | backend | threads | test | tokens/s |\n"
           "| ----- | -------: | --------: | ------- | ------: | ---: | -------: |\n");
  for (const BenchResult &result : results)
    writeOut("| " + model.name + " | " + formatNumber(static_cast<double>(xlstm_model.weight_bytes) / MiB, 2) + " | " +
             formatNumber(static_cast<double>(xlstm_model.state_bytes) / MiB, 2) + " | CPU | 1 | " +
             result.test.name() + " | " + formatNumber(result.mean(), 2) + " ± " + formatNumber(result.deviation(), 2) +
             " |\n");
}

static void printJson(const CarriedModel &model, const std::vector<BenchResult> &results) {
  Json list = Json::array();
  for (const BenchResult &result : results)
    list.push_back({{"model", model.name},
                    {"kind", model.kind},
                    {"model_size", xlstm_model.weight_bytes},
                    {"state_size", xlstm_model.state_bytes},
                    {"backend", "CPU"},
                    {"n_threads", 1},
                    {"n_prompt", result.test.prompt},
                    {"n_gen", result.test.generated},
                    {"n_depth", result.test.depth},
                    {"test", result.test.name()},
                    {"avg_ts", result.mean()},
                    {"stddev_ts", result.deviation()},
                    {"samples_ts", result.samples}});
  writeOut(list.dump(2) + "\n");
}

static void runBench(const BenchSettings &settings) {
  CarriedModel model = CarriedModel::open();
  Session session(model.weights());
  std::vector<BenchResult> results;
  for (const BenchTest &test : listTests(settings))
    results.push_back(measure(session, test, settings.repetitions));
  (settings.format == "json" ? printJson : printTable)(model, results);
}

void addBench(CLI::App &app) {
  auto settings = std::make_shared<BenchSettings>();
  CLI::App *verb = app.add_subcommand("bench", "Measure tokens per second");
  auto counts = [&](const char *names, std::vector<int64_t> &values, const char *text) {
    verb->add_option(names, values, text)
        ->delimiter(',')
        ->check(within(int64_t{0}, int64_t{1} << 30))
        ->type_name("N,...")
        ->capture_default_str();
  };
  counts("-p,--n-prompt", settings->prompts, "Prompt lengths, such as 512,2048; 0: none");
  counts("-n,--n-gen", settings->generated, "Numbers of tokens to generate; 0: none");
  counts("-d,--n-depth", settings->depths, "Numbers of tokens that go before");
  verb->add_option("-r,--repetitions", settings->repetitions, "How often each test is measured")
      ->check(within(1, 10000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("-o,--output", settings->format, "Form of the output")
      ->check(CLI::IsMember({"md", "json"}))
      ->capture_default_str();
  verb->callback([settings] { runBench(*settings); });
}

} // namespace xlstm
