//! Request targets as a gateway tells them, arbitrary bytes.
//!
//! What is accepted must be one path to all who might act on it: to those that resolve dots before they decode or after
//! it, that merge slashes, that take `;x=y` off, that read `\` as `/`, that decode twice, that end at a NUL.
#![no_main]

use claviger::gateway::RequestPath;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|target: &[u8]| {
    let Ok(path) = RequestPath::parse(target) else { return };
    let raw = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    let once = decoded(raw);
    let readers = [
        once.clone(),
        resolved(&merged(&once)),
        decoded(&resolved(raw)),
        decoded(&without_parameters(raw)),
        without_parameters(&once),
        once.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect(),
        decoded(&once),
        once.split(|byte| *byte == 0).next().unwrap_or_default().to_vec(),
        once.split(|byte| *byte == b'#').next().unwrap_or_default().to_vec(),
    ];
    for read in readers {
        assert_eq!(read, path.as_str().as_bytes());
    }
    let whole: Vec<&str> = path.segments().collect();
    assert_eq!(format!("/{}", whole.join("/")), path.as_str());
});

fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut read, mut at) = (Vec::new(), 0);
    while at < text.len() {
        match (text[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                read.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                read.push(byte);
                at += 1;
            }
        }
    }
    read
}

fn merged(path: &[u8]) -> Vec<u8> {
    let mut read = path.to_vec();
    read.dedup_by(|next, before| *next == b'/' && *before == b'/');
    read
}

fn without_parameters(path: &[u8]) -> Vec<u8> {
    let segments = path.split(|byte| *byte == b'/');
    let bare: Vec<&[u8]> = segments.map(|segment| segment.split(|byte| *byte == b';').next().unwrap_or_default()).collect();
    bare.join(&b'/')
}

fn resolved(path: &[u8]) -> Vec<u8> {
    let mut read: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"." => {}
            b".." => drop(read.pop()),
            other => read.push(other),
        }
    }
    read.join(&b'/')
}
