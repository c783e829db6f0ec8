//===- BenchReport.cpp - what the verb bench has measured -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/BenchReport.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Quote.h"

#include <cmath>

namespace xlstm {

std::string BenchTest::name() const {
  std::string text = prompt ? "pp" + std::to_string(prompt) : "";
  if (generated)
    text += (prompt ? "+tg" : "tg") + std::to_string(generated);
  if (sampled)
    text += " sampled";
  if (texts > 1)
    text += " x " + std::to_string(texts);
  return depth ? text + " @ d" + std::to_string(depth) : text;
}

namespace {

/// A result in the units of the output.
struct Summary {
  std::vector<double> rates; // tokens a second, of all texts
  double mean, deviation, stepMs;
  std::optional<double> copyShare, productShare; // of the limits

  Summary(const BenchReport &report, const BenchResult &result);
};

} // namespace

static double meanOf(const std::vector<double> &values) {
  double sum = 0;
  for (double value : values)
    sum += value;
  return sum / static_cast<double>(values.size());
}

static double deviationOf(const std::vector<double> &values) {
  if (values.size() < 2)
    return 0;
  double center = meanOf(values), sum = 0;
  for (double value : values)
    sum += (value - center) * (value - center);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

Summary::Summary(const BenchReport &report, const BenchResult &result) {
  const double batch = static_cast<double>(report.numbers.batch * result.test.texts);
  const double tokens = static_cast<double>(result.test.prompt + result.test.generated) * batch;
  for (double seconds : result.seconds)
    rates.push_back(tokens / seconds);
  mean = meanOf(rates), deviation = deviationOf(rates);
  const double seconds = meanOf(result.seconds) / static_cast<double>(result.test.steps());
  stepMs = seconds * 1e3;
  if (!report.limits)
    return;
  if (result.test.generated && report.numbers.decodeBytes) {
    const double tokens = static_cast<double>(result.test.depth) + static_cast<double>(result.test.generated) / 2;
    const double bytes =
        static_cast<double>(report.numbers.decodeBytes) + static_cast<double>(report.numbers.tokenBytes) * tokens;
    copyShare = bytes / seconds / report.limits->copyBytesPerSecond;
  }
  if (result.test.prompt && report.numbers.prefillFlops)
    productShare =
        static_cast<double>(report.numbers.prefillFlops) * tokens / seconds / report.limits->productFlopsPerSecond;
}

static std::string formatNumber(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

static std::string formatShare(const Summary &summary) {
  if (summary.copyShare)
    return formatNumber(*summary.copyShare * 100, 1) + " % of copy";
  return summary.productShare ? formatNumber(*summary.productShare * 100, 1) + " % of matmul" : "-";
}

std::string formatTable(const BenchReport &report) {
  constexpr double MiB = 1 << 20;
  const bool isCpu = report.backend == "CPU";
  std::string text;
  if (report.limits)
    text += report.backend + ": copies " + formatNumber(report.limits->copyBytesPerSecond / 1e12, 2) +
            " TB/s, multiplies bf16 at " + formatNumber(report.limits->productFlopsPerSecond / 1e12, 0) +
            " TFLOP/s\n\n";
  text += "| model | size MiB | state MiB | B a token | backend | ";
  text +=
      isCpu ? "threads | test | tokens/s |\n"
              "| ----- | -------: | --------: | --------: | ------- | ------: | ---: | -------: |\n"
            : "batch | test | tokens/s | ms a step | share |\n"
              "| ----- | -------: | --------: | --------: | ------- | ----: | ---: | -------: | --------: | ----: |\n";
  for (const BenchResult &result : report.results) {
    const Summary summary(report, result);
    text += "| " + escapeControls(report.model.name) + " | " +
            formatNumber(static_cast<double>(report.numbers.weightBytes) / MiB, 2) + " | " +
            formatNumber(static_cast<double>(report.numbers.fixedBytes()) / MiB, 2) + " | " +
            std::to_string(report.numbers.tokenBytes) + " | " + report.backend + " | " +
            std::to_string(isCpu ? report.threads : report.numbers.batch) + " | " + result.test.name() + " | " +
            formatNumber(summary.mean, 2) + " ± " + formatNumber(summary.deviation, 2) + " |";
    if (!isCpu)
      text += " " + formatNumber(summary.stepMs, 3) + " | " + formatShare(summary) + " |";
    text += "\n";
  }
  return text;
}

std::string formatJson(const BenchReport &report) {
  Json list = Json::array();
  for (const BenchResult &result : report.results) {
    const Summary summary(report, result);
    Json entry = {{"model", report.model.name},
                  {"kind", report.model.kind},
                  {"model_size", report.numbers.weightBytes},
                  {"state_size", report.numbers.stateBytes},
                  {"state_fixed", report.numbers.fixedBytes()},
                  {"state_a_token", report.numbers.tokenBytes},
                  {"backend", report.backend},
                  {"n_threads", std::max(report.threads, 1)},
                  {"n_prompt", result.test.prompt},
                  {"n_gen", result.test.generated},
                  {"n_depth", result.test.depth},
                  {"n_parallel", result.test.texts},
                  {"test", result.test.name()},
                  {"avg_ts", summary.mean},
                  {"stddev_ts", summary.deviation},
                  {"samples_ts", summary.rates}};
    if (report.backend != "CPU") {
      entry["batch"] = report.numbers.batch;
      entry["step_ms"] = summary.stepMs;
    }
    if (report.limits) {
      entry["copy_bytes_per_s"] = report.limits->copyBytesPerSecond;
      entry["product_flops_per_s"] = report.limits->productFlopsPerSecond;
    }
    if (summary.copyShare)
      entry["copy_share"] = *summary.copyShare;
    if (summary.productShare)
      entry["product_share"] = *summary.productShare;
    list.push_back(std::move(entry));
  }
  return list.dump(2) + "\n";
}

} // namespace xlstm
