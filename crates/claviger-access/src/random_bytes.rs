//! Randomness as an argument: the bytes a decision may use up, drawn by the caller from the system's source.

/// So many bytes are handed to each decision. The largest consumer (a new account) takes 8 times 3 and 40.
const LENGTH: usize = 96;

/// Random bytes, each taken at most once.
pub struct RandomBytes {
    bytes: [u8; LENGTH],
    taken: usize,
}

impl RandomBytes {
    /// The bytes must come from the system's random source: secrets are made of them.
    pub const fn new(bytes: [u8; LENGTH]) -> Self {
        Self { bytes, taken: 0 }
    }

    /// The next `N` bytes; `None` when they are used up, which a rule must treat as "cannot be decided".
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = self.bytes.get(self.taken..self.taken + N)?.try_into().ok()?;
        self.taken += N;
        Some(bytes)
    }
}

impl Drop for RandomBytes {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_handed_out_twice() {
        let mut random = RandomBytes::new(std::array::from_fn(|i| i as u8));
        assert_eq!(random.take::<2>(), Some([0, 1]));
        assert_eq!(random.take::<1>(), Some([2]));
        assert_eq!(random.take::<96>(), None);
        assert!(random.take::<93>().is_some());
        assert_eq!(random.take::<1>(), None);
    }
}
