//! Results on their way to whoever pulls them.

use super::batch::{Batch, Completion, KEEP};

/// What submissions came to: their tokens with replies or errors, in the order in which they completed.
///
/// They come in batches, as they completed, and stay in them: nothing is copied on the way, however many batches there are. To
/// be filled again and again; it keeps its memory.
#[derive(Default)]
pub struct Completions {
    /// Each with the number of completions before it. None is empty.
    batches: Vec<(usize, Batch)>,
    len: usize,
    size: usize,
    /// Empty ones, for their memory.
    spare: Vec<Batch>,
}

/// So many empty batches are kept, and so much memory with them as with a single one.
const SPARE: usize = 16;

impl Completions {
    /// An empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of completed submissions in it.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The completion at this place.
    pub fn get(&self, index: usize) -> Option<Completion<'_>> {
        let behind = self.batches.partition_point(|(before, _)| *before <= index);
        let (before, batch) = self.batches.get(behind.checked_sub(1)?)?;
        batch.get(index - before)
    }

    /// All of them in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Completion<'_>> {
        Counted { all: self.batches().flat_map(Batch::iter), left: self.len }
    }

    /// The same for who wants to go through them fast.
    pub(crate) fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.batches.iter().map(|(_, batch)| batch)
    }

    /// Forgets everything but the memory.
    pub fn clear(&mut self) {
        let mut kept: usize = self.spare.iter().map(Batch::memory).sum();
        for (_, mut batch) in self.batches.drain(..) {
            batch.clear();
            kept += batch.memory();
            if self.spare.len() < SPARE && kept <= KEEP {
                self.spare.push(batch);
            }
        }
        (self.len, self.size) = (0, 0);
    }

    /// About how many bytes the replies take.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Adds a batch behind what is here.
    pub(crate) fn push(&mut self, batch: Batch) {
        let before = self.len;
        self.len += batch.len();
        self.size += batch.size();
        self.batches.push((before, batch));
    }

    /// The same with what is in `batch`, which is empty afterwards.
    pub(crate) fn take(&mut self, batch: &mut Batch) {
        if batch.is_empty() {
            batch.clear();
        } else {
            let empty = self.spare.pop().unwrap_or_default();
            self.push(std::mem::replace(batch, empty));
        }
    }

    /// Moves all of `other` behind what is here. It gets the memory for more, if it has used up what it had.
    pub(crate) fn append(&mut self, other: &mut Self) {
        other.batches.drain(..).for_each(|(_, batch)| self.push(batch));
        (other.len, other.size) = (0, 0);
        if other.spare.is_empty() {
            std::mem::swap(&mut other.spare, &mut self.spare);
        }
    }
}

/// An iterator of known length.
struct Counted<I> {
    all: I,
    left: usize,
}

impl<I: Iterator> Iterator for Counted<I> {
    type Item = I::Item;

    #[inline]
    fn next(&mut self) -> Option<I::Item> {
        let next = self.all.next()?;
        self.left -= 1;
        Some(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<I: Iterator> ExactSizeIterator for Counted<I> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::{Kind, Node};

    /// A batch of replies to these tokens, each of which bears its token.
    fn batch(tokens: &[u64]) -> Batch {
        let mut batch = Batch::default();
        for &token in tokens {
            let text = token.to_string();
            let node = Node { kind: Kind::Status as u8, len: text.len() as u32, ..Node::default() };
            batch.push_run(&[node], text.as_bytes(), &mut vec![(token, token, 1)]).unwrap();
        }
        batch
    }

    fn tokens(completions: &Completions) -> Vec<u64> {
        let all: Vec<_> = completions.iter().map(|completion| completion.token).collect();
        assert_eq!((completions.len(), completions.iter().len()), (all.len(), all.len()));
        for (index, &token) in all.iter().enumerate() {
            let completion = completions.get(index).unwrap();
            assert_eq!(completion.token, token);
            assert_eq!(completion.reply().unwrap().root().as_str(), Some(&*token.to_string()));
        }
        assert!(completions.get(all.len()).is_none());
        all
    }

    #[test]
    fn batches_stand_one_behind_the_other_and_are_not_copied() {
        let (mut early, mut late) = (Completions::new(), Completions::new());
        early.take(&mut batch(&[1, 2]));
        early.take(&mut Batch::default());
        late.take(&mut batch(&[3]));
        late.push(batch(&[4, 5, 6]));
        let (size, place) = (early.size() + late.size(), late.get(2).unwrap().bytes.as_ptr());
        early.append(&mut late);
        assert_eq!(tokens(&early), [1, 2, 3, 4, 5, 6]);
        assert_eq!((early.size(), early.get(4).unwrap().bytes.as_ptr()), (size, place));
        assert_eq!((tokens(&late), late.size()), (vec![], 0));
    }

    #[test]
    fn memory_that_is_not_used_does_not_pile_up() {
        let (mut desk, mut thread, mut puller) = (Completions::new(), Completions::new(), Completions::new());
        for _ in 0..100 {
            thread.push(batch(&[1]));
            thread.push(batch(&[2]));
            desk.append(&mut thread);
            puller.clear();
            std::mem::swap(&mut desk, &mut puller);
            let spare = [&desk, &thread, &puller].map(|completions| completions.spare.len());
            assert!(spare.iter().all(|&count| count <= SPARE), "{spare:?}");
        }
    }

    #[test]
    fn memory_goes_round_within_bounds() {
        let (mut desk, mut thread, mut puller) = (Completions::new(), Completions::new(), Completions::new());
        let mut results = batch(&[1]);
        let first = results.get(0).unwrap().bytes.as_ptr();
        for round in 0..3 {
            for _ in 0..100 {
                thread.take(&mut results);
                desk.append(&mut thread);
                results.push_run(&[Node::default()], b"", &mut vec![(1, 1, 1)]).unwrap();
            }
            std::mem::swap(&mut desk, &mut puller);
            assert!(round > 0 || puller.get(0).unwrap().bytes.as_ptr() == first);
            puller.clear();
            std::mem::swap(&mut desk, &mut puller);
            let spare = [&desk, &thread, &puller].map(|completions| completions.spare.len());
            assert!((1..=SPARE).contains(&spare.iter().sum()), "{spare:?}");
        }
    }
}
