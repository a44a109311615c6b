"""Why a void failed: facts, and the causes that they speak for or against."""
