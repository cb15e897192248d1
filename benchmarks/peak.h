#pragma once
/// f32 floating-point operations per second of one thread, measured now.
double peak_flops();
