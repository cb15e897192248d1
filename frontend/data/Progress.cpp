//===- Progress.cpp - one line that tells how training goes ---------------===//
#include "mg/progress.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <optional>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

namespace mg {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds interval(100);
/// Moments that the rate is taken over: five seconds at the full pace.
constexpr std::size_t window = 50;

bool isTerminal(int descriptor) {
  const char *kind = std::getenv("TERM");
  return isatty(descriptor) && kind && std::string_view(kind) != "dumb";
}

std::size_t columnsOf(int descriptor) {
  winsize size{};
  const bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col;
  return known ? size.ws_col : 80;
}

/// The whole text; whoever does not read it does not stop the training.
void writeAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// "950", "5.2k", "1.3M", with three digits.
std::string shortNumber(double value) {
  const char *unit = "";
  for (const char *larger : {"k", "M", "G"}) {
    if (value < 999.5)
      break;
    value /= 1000;
    unit = larger;
  }
  return fmt::format("{:.{}f}{}", value, value < 9.95 ? 1 : 0, unit);
}

/// "0:12", "2:03:04".
std::string duration(double seconds) {
  const auto s = static_cast<std::int64_t>(std::ceil(seconds));
  if (s < 3600)
    return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

/// "[===>   ]" of 12 columns.
std::string bar(double part) {
  constexpr int width = 10;
  const int full = static_cast<int>(std::lround(part * width));
  std::string text(static_cast<std::size_t>(full), '=');
  if (full < width)
    text += '>';
  text.resize(width, ' ');
  return "[" + text + "]";
}

} // namespace

struct Progress::State {
  ProgressOptions options;
  bool terminal;
  Clock::time_point begun = Clock::now(), drawn = begun;
  bool visible = false;

  std::int64_t step = 0;
  Tensor loss; // of `step`
  std::optional<double> smoothed;
  std::int64_t losses = 0; // that went into it
  std::deque<std::pair<Clock::time_point, std::int64_t>> moments;

  explicit State(const ProgressOptions &o)
      : options(o), terminal(isTerminal(o.descriptor)) {}

  void update(std::int64_t now, const Tensor &value, Where where);
  void sample(Where where);
  std::int64_t epoch() const {
    return options.total > 0 ? (step - 1) / options.total + 1 : 0;
  }
  std::int64_t stepOfEpoch() const {
    return options.total > 0 ? (step - 1) % options.total + 1 : step;
  }
  std::optional<double> stepsPerSecond() const;
  std::string epochText() const;
  std::string lossText() const;
  std::string rateText() const;
  std::string leftText() const;
  std::string line(std::size_t columns) const;
  void draw();
  void clear();
};

void Progress::State::update(std::int64_t now, const Tensor &value,
                             Where where) {
  const Clock::time_point time = Clock::now();
  if (moments.empty()) // the first step's time is not known
    moments.emplace_back(time, now);
  step = now;
  loss = value;
  const bool ends = options.line_per_epoch && options.total > 0 && step > 0 &&
                    stepOfEpoch() == options.total;
  const bool isTime =
      time - drawn >= interval || (moments.size() == 1 && options.delay <= 0);
  if (!ends && (!isTime || (!terminal && !options.line_per_epoch)))
    return;
  sample(where);
  drawn = time;
  moments.emplace_back(time, step);
  if (moments.size() > window)
    moments.pop_front();
  if (ends) {
    clear();
    writeAll(options.descriptor, epochText() +
                                     fmt::format("  {} steps", options.total) +
                                     lossText() + rateText() + "\n");
  } else if (terminal &&
             time - begun >= std::chrono::duration<double>(options.delay)) {
    draw();
  }
}

/// A mean of the first ten losses looked at, then one that forgets.
void Progress::State::sample(Where where) {
  if (loss.empty())
    return;
  const double value = loss.item<double>(where);
  const bool begins = !smoothed || !std::isfinite(*smoothed);
  losses = begins ? 1 : losses + 1;
  const double weight = std::max(0.1, 1 / static_cast<double>(losses));
  smoothed = begins ? value : *smoothed + weight * (value - *smoothed);
  loss = {};
}

std::optional<double> Progress::State::stepsPerSecond() const {
  const auto &[fromTime, fromStep] = moments.front();
  const auto &[toTime, toStep] = moments.back();
  const double seconds =
      std::chrono::duration<double>(toTime - fromTime).count();
  if (seconds <= 0 || toStep <= fromStep)
    return std::nullopt;
  return static_cast<double>(toStep - fromStep) / seconds;
}

std::string Progress::State::epochText() const {
  if (options.total <= 0)
    return "";
  return options.epochs > 0
             ? fmt::format("epoch {}/{}", epoch(), options.epochs)
             : fmt::format("epoch {}", epoch());
}

std::string Progress::State::lossText() const {
  return smoothed ? fmt::format("  loss {:.4g}", *smoothed) : "";
}

std::string Progress::State::rateText() const {
  const auto rate = stepsPerSecond();
  if (!rate)
    return "";
  return options.batch_size > 0
             ? fmt::format("  {} samples/s",
                           shortNumber(*rate * double(options.batch_size)))
             : fmt::format("  {} steps/s", shortNumber(*rate));
}

std::string Progress::State::leftText() const {
  const auto rate = stepsPerSecond();
  const std::int64_t last =
      options.total * std::max<std::int64_t>(options.epochs, epoch());
  if (!rate || options.total <= 0)
    return "";
  return fmt::format("  {} left",
                     duration(static_cast<double>(last - step) / *rate));
}

/// What fits: the bar goes first, then parts from the right.
std::string Progress::State::line(std::size_t columns) const {
  std::string text = epochText() + (options.total > 0 ? "  " : "step ");
  text += std::to_string(stepOfEpoch());
  std::vector<std::string> parts{lossText(), rateText(), leftText()};
  if (options.total > 0) {
    text += fmt::format("/{}", options.total);
    std::size_t size = text.size();
    for (const std::string &part : parts)
      size += part.size();
    const std::string drawing = " " + bar(static_cast<double>(stepOfEpoch()) /
                                          static_cast<double>(options.total));
    if (size + drawing.size() <= columns)
      text += drawing;
  }
  for (const std::string &part : parts) {
    if (text.size() + part.size() > columns)
      break;
    text += part;
  }
  return text.substr(0, columns);
}

void Progress::State::draw() {
  // One column stays free: some terminals wrap when the last is written.
  writeAll(options.descriptor,
           "\r" + line(columnsOf(options.descriptor) - 1) + "\x1b[K");
  visible = true;
}

void Progress::State::clear() {
  if (visible)
    writeAll(options.descriptor, "\r\x1b[K");
  visible = false;
}

Progress::Progress(const ProgressOptions &options)
    : state(std::make_unique<State>(options)) {}
Progress::~Progress() { clear(); }

void Progress::update(std::int64_t step, const Tensor &loss, Where where) {
  state->update(step, loss, where);
}
void Progress::update(std::int64_t step) {
  state->update(step, {}, Where::current());
}
void Progress::clear() { state->clear(); }

} // namespace mg
